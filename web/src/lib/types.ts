/** What goes over the wire (docs: /docs). Times are seconds since the epoch by the server's clock; dates are ISO. */

export type Status = 'queued' | 'in_progress' | 'completed' | 'failed' | 'incomplete' | 'cancelled';

export type Verdict =
  'verified' | 'not_in_context' | 'no_such_provision' | 'act_not_loaded' | 'ambiguous' | 'repealed' | 'summary';

/** A provision found, numbered as `[n]` in the answer. */
export interface Source {
  n: number;
  act: string;
  act_title: string;
  article: string;
  title: string;
  address: string;
  edition_date: string;
  score: number;
  summary: boolean;
  excerpt: string;
}

/** A reference in an answer and the verdict on it; `start` and `end` count code points of the text. */
export interface Citation {
  act: string | null;
  article: string | null;
  address: string | null;
  verdict: Verdict;
  text: string;
  start: number;
  end: number;
  source: number | null;
  title: string;
  edition_date: string;
}

export interface Notice {
  code: string;
  message: string;
}

export type Stage =
  | { stage: 'queued'; position: number; expected_wait: number | null }
  | { stage: 'searching' }
  | { stage: 'reading'; done: number; total: number }
  | { stage: 'writing' }
  | { stage: 'checking' };

export interface Plan {
  expected_seconds: number | null;
  expected_tokens: number | null;
  budget: number;
  max_tokens: number;
}

export type Rating = 'up' | 'down';
export type FeedbackReason = 'wrong_law' | 'outdated' | 'not_answered' | 'unclear' | 'mistake' | 'other';

export interface Feedback {
  rating: Rating;
  reason: FeedbackReason | null;
  comment: string;
  created_at: number;
}

/** A run as its log tells it up to `last_seq`: `GET /api/v1/responses/{id}`. */
export interface RunView {
  id: string;
  status: Status;
  reason: string | null;
  message: string | null;
  question: string;
  conversation: string | null;
  continues: string | null;
  text: string;
  sources: Source[];
  summary: boolean;
  citations: Citation[] | null;
  notices: Notice[];
  stage: Stage | null;
  plan: Plan | null;
  created_at: number;
  started_at: number | null;
  first_text_at: number | null;
  finished_at: number | null;
  now: number;
  input_tokens: number;
  output_tokens: number;
  can_continue: boolean;
  last_seq: number;
  feedback: Feedback | null;
}

export interface Suggestion {
  question: string;
  act: string;
  act_title: string;
  article: string;
}

export interface Session {
  name: string;
  role: 'user' | 'admin';
  via: string;
  limits: {
    heartbeat: number;
    client_silence: number;
    max_question: number;
    edition_warn_days: number;
    undo_seconds: number;
  };
}

export interface ConversationFacts {
  id: string;
  title: string;
  leaf: string | null;
  metadata: Record<string, string>;
  created_at: number;
  updated_at: number;
  running: boolean;
  snippet: string | null;
}

export interface ConversationList {
  data: ConversationFacts[];
  next: string | null;
}

export interface MessageFacts {
  id: string;
  parent: string | null;
  role: 'user' | 'assistant';
  text: string;
  run: { id: string; status: Status; reason: string | null; message: string | null } | null;
  created_at: number;
}

export interface ConversationTree extends ConversationFacts {
  messages: MessageFacts[];
}

// -- law -------------------------------------------------------------------------------------------

export type ActStatus = 'in_force' | 'repealed' | 'foreign';

export interface EditionFacts {
  edition_date: string | null;
  in_force_from: string | null;
  in_force_to: string | null;
  articles: number;
  source_name: string;
  ingested_at: number;
  old: boolean;
}

export interface ActFacts {
  id: string;
  type: string;
  title: string;
  number: string;
  date: string | null;
  status: ActStatus;
}

export interface LoadedAct extends ActFacts {
  documents: { id: string; title: string; part: number; number: string; editions: EditionFacts[] }[];
}

export interface LawList {
  acts: LoadedAct[];
  guide: { id: string; title: string; edition_date: string; articles: number }[];
}

export interface ContentsEntry {
  place: string | null;
  address: string;
  kind: string;
  number: string;
  title: string;
  level: number;
  repealed: boolean;
  document: string;
}

export interface ActContents extends ActFacts {
  summary: boolean;
  documents: { id: string; title: string; part: number; number: string; edition: EditionFacts | null }[];
  contents: ContentsEntry[];
}

export interface ActHit {
  place: string;
  title: string;
  excerpt: string;
  path: string[];
}

export interface Neighbour {
  place: string;
  title: string;
}

/** An article as a person reads it: `GET /api/v1/law/{act}/{place}`. */
export interface Article {
  act: ActFacts;
  edition: EditionFacts | null;
  place: string;
  url: string;
  address: string;
  focus: string | null;
  kind: string;
  number: string;
  heading: string;
  title: string;
  path: string[];
  repealed: boolean;
  summary: boolean;
  text: string;
  provisions: {
    address: string;
    kind: string;
    label: string;
    text: string;
    level: number;
    notes: string[];
    repealed: boolean;
  }[];
  previous: Neighbour | null;
  next: Neighbour | null;
  guide: { summary: string; figures: string[]; edition_date: string } | null;
}
