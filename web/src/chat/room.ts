/** Room left in a question of at most `most` characters, counted as the server counts: by code points. */
export function roomLeft(text: string, most: number): number | null {
  if (!Number.isFinite(most)) return null;
  // UTF-16 units are never fewer than code points: far from the limit there is no need to count them.
  return text.length < most * 0.8 ? most - text.length : most - [...text].length;
}
