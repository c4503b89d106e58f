/** Whether the sheet with the conversations is open on a narrow screen: the header's button is far from it. */
export const sheet = $state({ open: false });
