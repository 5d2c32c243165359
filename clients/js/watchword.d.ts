/** What to do about an answer; the same for every client of Watchword (docs/reference/client-actions.md). */
export type Advice = "proceed" | "refresh" | "log-in" | "step-up" | "wait" | "stop";

/**
 * Who proves who it is by what:
 * - `session`: a cookie that the browser keeps and no script can read. For pages.
 * - `tokens`: an access token, renewed by a refresh token. For pages of other origins, apps and Node.
 * - `session-token`: the session's token in a field instead of a cookie. For clients without a cookie jar.
 * - `auth-token`: HTTP Basic with the password once, and with a token that stands in for it ever after.
 */
export type Mode = "session" | "tokens" | "session-token" | "auth-token";

export interface Challenge {
  /** As it was sent; schemes are compared without regard to case. */
  readonly scheme: string;
  /** By their names in lower case. The object has no prototype. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly token68: string | null;
}

/** A problem of Watchword's (RFC 9457), as far as it matters here. */
export interface Problem {
  readonly type?: string;
  readonly code?: string;
  readonly cell?: string;
  readonly [member: string]: unknown;
}

/** What is needed of a response. */
export interface Answer {
  readonly status: number;
  readonly headers: Pick<Headers, "get" | "has">;
}

/** What `localStorage` has. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Session {
  readonly authenticated: boolean;
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
  /** Null or absent where each request carries its own proof. */
  readonly session?: { readonly id: string; readonly expires_at: string; readonly idle_expires_at: string } | null;
}

/** Further members of the log-in: `device` and `scope` where the mode is `tokens`. */
export interface LogInOptions {
  /** Of a second factor, for accounts that need one. */
  readonly code?: string;
  readonly device?: string;
  readonly scope?: string;
}

/**
 * May log in by this client. The call is repeated if it did, or if `true` comes back: it was done elsewhere. With tokens
 * it is not repeated for another user name than the one that it was made under.
 */
export type Handler = (error: WatchwordError) => unknown;

export interface Options {
  /** Where the server is. The page's own origin where nothing is said; Node has none. */
  readonly baseUrl?: string | URL;
  /** `session` where nothing is said. */
  readonly mode?: Mode;
  /** Further origins that get the credentials: APIs that take them. Nobody else ever does. */
  readonly origins?: readonly (string | URL)[];
  /**
   * Where tokens are kept, `localStorage` for instance: all tabs of the origin then share one log-in, and so does
   * every script that runs in it. In memory where nothing is said: each tab logs in by itself, and a reload ends that.
   */
  readonly storage?: Store | null;
  /** The longest Retry-After, in seconds, that a call waits for. 5 where nothing is said. */
  readonly patience?: number;
  /** Somebody has to log in. Called once for all calls that are refused at one time. */
  readonly onLoginNeeded?: Handler;
  /** A second factor or a fresh log-in is needed (C15): `finishLogIn` or `logIn`. */
  readonly onStepUp?: Handler;
  /** Another tab logged in or out. Where tokens are in memory, tabs have nothing in common. */
  readonly onChange?: (loggedIn: boolean) => void;
  /** What sends requests; the global `fetch` where nothing is said. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface Client {
  /**
   * As the global `fetch`, and an answer is an answer whatever its status. Relative addresses begin at `baseUrl`.
   * Requests to the server's own origins carry the credentials, and are repeated once where that helps: after one
   * refresh, a log-in, a second factor or a short wait. A request with an `Authorization` of its own is left alone.
   * A body that is a stream is sent once; so give those in `init`, and not in a `Request`, which is copied.
   *
   * Rejects with a `WatchwordError` where a refresh was needed and the server could not be asked. The tokens are kept.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Rejects where that is refused. With the advice `step-up` it goes on at `finishLogIn`. */
  readonly logIn: (name: string, password: string, options?: LogInOptions) => Promise<Session>;
  /** The second step of a log-in; without one, raises the proof of the session there is (not with `tokens`). */
  readonly finishLogIn: (code: string) => Promise<Session>;
  /** At the server and here. Rejects, and changes nothing, where the server could not be asked. */
  readonly logOut: () => Promise<void>;
  /** Here alone: the tokens are dropped, and the server is told nothing. A cookie stays. */
  readonly forget: () => void;
  /** Who is logged in. Nobody is no failure; not to know is one, and rejects. */
  readonly session: () => Promise<Session>;
}

/** A refusal, or that there was no answer. Nothing in it is a secret. */
export class WatchwordError extends Error {
  /** @param response null where there was none */
  constructor(response: Answer | null, problem?: Problem | null, options?: { cause?: unknown });
  /** What a response says, whose content is left to be read. */
  static from(response: Response): Promise<WatchwordError>;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly code: string | null;
  /** The row of the decision table. */
  readonly cell: string | null;
  /** A third party, where it was their refusal: no reason to log in here. */
  readonly provider: string | null;
  readonly providerStatus: number | null;
  /** In seconds. */
  readonly retryAfter: number | null;
  readonly advice: Advice;
}

export function createClient(options?: Options): Client;

/** What to do about a response, by itself and by the problem in its content, where that was read. */
export function advice(response: Answer, problem?: Problem | null): Advice;

/** The challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1). What cannot be read is skipped. */
export function parseChallenges(value: string | null | undefined): Challenge[];
