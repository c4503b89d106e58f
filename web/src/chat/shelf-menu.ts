import type { ConversationFacts } from '../lib/types';

/** What the menu of a conversation is told. */
export interface MenuProps {
  item: ConversationFacts;
  /** The button that it stands beside. */
  anchor: HTMLElement;
  onclose: () => void;
}
