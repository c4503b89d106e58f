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
  | { stage: 'loading' }
  | { stage: 'searching' }
  | { stage: 'reading'; done: number; total: number; seconds_left?: number | null; expected_first_word?: number | null }
  | { stage: 'thinking' }
  | { stage: 'writing' }
  | { stage: 'checking' };

/** Seconds from the beginning of the work; tokens are the model's own; null: nobody knows. */
export interface Plan {
  expected_seconds: number | null;
  expected_tokens: number | null;
  expected_first_word: number | null;
  budget: number;
  max_tokens: number;
  prompt_tokens: number | null;
  /** Of the prompt, that need not be read. */
  cached_tokens: number | null;
  /** The answer's room. */
  answer_tokens: number | null;
  provisions: number | null;
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
  /** «О защите прав потребителей»; `name` says the whole. */
  title: string;
  name: string;
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

// -- operators -------------------------------------------------------------------------------------

export interface OutcomeCount {
  status: Status;
  reason: string | null;
  count: number;
}

/** What is in force in the process that answers. */
export interface Limits {
  max_concurrency: number;
  queue_limit: number;
  runs_per_key: number;
  max_question: number;
  max_tokens: number;
  time: Record<string, number>;
}

/** What writes the answers, as it is now. */
export interface EngineNow {
  state: 'ready' | 'loading' | 'failed' | 'unreachable';
  /** What an administrator can do. */
  problem: string | null;
  name: string | null;
  model: string | null;
  context: number | null;
  /** Tokens a second. */
  reading_speed: number | null;
  writing_speed: number | null;
  details: Record<string, unknown>;
}

/** Of one window and of now: `GET /api/v1/llm/stats`. Durations in seconds; null where no run has such a time. */
export interface Stats {
  engine: EngineNow;
  window: number;
  total_requests: number;
  successful_requests: number;
  failed_requests: number;
  cancelled_requests: number;
  error_rate: number;
  requests_per_minute: number;
  average_response_time: number;
  p50_response_time: number | null;
  p95_response_time: number;
  p99_response_time: number | null;
  time_to_first_token_p50: number | null;
  time_to_first_token_p95: number | null;
  tokens_per_second_p50: number | null;
  queue_length: number;
  concurrent_requests: number;
  outcomes: OutcomeCount[];
  limits: Limits;
}

/** One step of the history; the last one is still going on. */
export interface StatsPoint {
  time: number;
  requests: number;
  failed: number;
  cancelled: number;
  average_response_time: number | null;
  p50_response_time: number | null;
  p95_response_time: number | null;
  p99_response_time: number | null;
  time_to_first_token_p50: number | null;
  time_to_first_token_p95: number | null;
  tokens_per_second_p50: number | null;
  average_queue: number;
  average_running: number;
}

export interface StatsHistory {
  window: number;
  step: number;
  points: StatsPoint[];
}

export interface Failure {
  response_id: string;
  key: string;
  status: Status;
  reason: string | null;
  message: string | null;
  created_at: number;
  finished_at: number;
  attempts: number;
  engine: string | null;
}

export interface SettingFact {
  name: string;
  value: string | number | boolean | null;
  source: 'option' | 'environment' | 'env_file' | 'default';
  description: string;
}

/** `GET /api/v1/config`: what an engine tells of itself differs from engine to engine. */
export interface Config {
  settings: SettingFact[];
  time: Record<string, number>;
  engine: Record<string, unknown>;
  versions: Record<string, string>;
}

export interface Opinion {
  response_id: string;
  key: string;
  rating: Rating;
  reason: FeedbackReason | null;
  comment: string;
  created_at: number;
  question: string;
  answer: string;
  status: Status;
}

export interface OpinionList {
  data: Opinion[];
  next: string | null;
  totals: { up: number; down: number };
}
