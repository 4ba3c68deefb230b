// A client for Conveyor's HTTP API in browsers. This file and events.js contain everything that a frontend must know about the API.
import { serverSentEvents } from "./events.js";

/** The shop rejects the request: a problem of RFC 9457. `code` is for programs, `message` for people, `errors` names the invalid fields. */
export class Problem extends Error {
  constructor(body, status = body.status) {
    super(body.detail || body.title || `The shop answered ${status}.`);
    Object.assign(this, { code: body.code, status, errors: body.errors ?? [], lines: body.lines ?? [] });
  }

  static async of(response) {
    return new Problem(await response.json().catch(() => ({})), response.status);
  }
}

/** There was no answer. The shop may have received the write, so repeat it with the same key, not with a new one. */
export class Unreachable extends Error {
  constructor() {
    super("The shop cannot be reached. Nothing is lost: try again, and it is done once.");
  }
}

/** The operation has failed. The message is kept as a dead letter, and an operator can still complete it. */
export class Failed extends Error {
  constructor(operation) {
    super("This could not be finished yet. The shop has your request and will look at it.");
    this.operation = operation;
  }
}

/** A key for one intention of the customer: requests with the same key are one operation. */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const PATIENCE = 60_000; // milliseconds of retries before the customer sees an error
const WAIT = 20; // seconds that the server may wait for the end of an operation before it answers; it allows 30
const SILENCE = 40_000; // milliseconds without an answer, after which a request has failed

/**
 * Reads, writes and live streams of the API.
 * Sends the events `trouble` (`detail: {code, seconds}`: it retries after these seconds; without `seconds` it has stopped retrying),
 * `reached` when there is an answer again, and `signed-out`.
 */
export class Client extends EventTarget {
  #base;
  #session;
  #refreshing;
  #retryNow = new EventTarget();
  #isInTrouble = false;

  /** `session.tokens` is the answer to a sign-in, or null; this client reads, renews and clears it. */
  constructor(base, session) {
    super();
    this.#base = base;
    this.#session = session;
    addEventListener("online", () => this.retryNow());
  }

  // Reads. The browser's own cache sends If-None-Match and handles a 304.

  /** Pass `token: null` for public resources: the browser may cache them, and sends no preflight request (CORS). */
  async get(path, { query = {}, ...options } = {}) {
    const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
    const search = known.length > 0 ? `?${new URLSearchParams(known)}` : "";
    const response = await this.#send("GET", path + search, options);
    if (!response.ok) throw await Problem.of(response);
    return response.json();
  }

  // Writes. Each is a message: the API accepts it (202) once the broker has it, and it is done when its operation has ended.

  /** Sends a write. Returns when it is accepted, before it is done: follow it with `outcome`, or by the events of its resource. */
  accept(method, path, body, options = {}) {
    return this.#write(method, path, body, options);
  }

  /** Waits for the end of the operation and returns it. Throws the problem if it was rejected. */
  async outcome({ operation_id: id }, { signal } = {}) {
    for (;;) {
      // The answer comes when the operation ends, or when the time is over: no polling.
      const operation = await this.get(`/operations/${id}`, { query: { wait: WAIT }, signal });
      if (operation.status === "succeeded") return operation;
      if (operation.status === "rejected") throw new Problem(operation.problem);
      if (operation.status === "failed") throw new Failed(operation);
    }
  }

  /** Both in one request, for writes that take milliseconds: with `Prefer: wait` the answer is the ended operation, or its problem. */
  async write(method, path, body, options = {}) {
    const operation = await this.#write(method, path, body, { ...options, prefer: `wait=${WAIT}` });
    return operation.status === "succeeded" ? operation : this.outcome(operation, options);
  }

  async #write(method, path, body, { key = newKey(), signal, prefer }) {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
    if (prefer) headers.Prefer = prefer;
    const response = await this.#send(method, path, { headers, body: body && JSON.stringify(body), signal });
    if (!response.ok) throw await Problem.of(response);
    return response.json();
  }

  // Live. EventSource cannot send a token, so fetch reads the stream.

  /**
   * The events of a resource, from the beginning and then live, across lost connections, until `signal` ends it.
   * Over HTTP/1.1 a browser has six connections per host and each stream uses one, so end it with the page; with TLS there is HTTP/2.
   */
  async *events(path, { signal } = {}) {
    let last;
    while (!signal?.aborted) {
      const headers = { Accept: "text/event-stream" };
      if (last) headers["Last-Event-ID"] = last; // resumes after that one
      try {
        const response = await this.#send("GET", path, { headers, signal, isStream: true });
        if (!response.ok) throw await Problem.of(response);
        for await (const event of serverSentEvents(response.body)) {
          if (event.id) last = event.id;
          yield event;
        }
      } catch (error) {
        if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
      }
      // The connection was lost, or ended with its token: open a new one with a valid token.
      await this.#pause(2, signal);
    }
  }

  // Accounts

  async signIn(email, password) {
    const response = await this.#send("POST", "/auth/login", { ...json({ email, password }), token: null });
    if (!response.ok) throw await Problem.of(response);
    this.#session.tokens = await response.json();
  }

  /** Repeats waiting requests at once. */
  retryNow() {
    this.#retryNow.dispatchEvent(new Event("now"));
  }

  // The request with the token, which is renewed once when it has expired; repeated when there was no answer.

  async #send(method, path, { token = this.#session.tokens?.access_token, ...request }) {
    const response = await this.#attempts(method, path, token, request);
    if (response.status !== 401 || !token) return response;
    await this.#renew(token);
    return this.#attempts(method, path, this.#session.tokens?.access_token, request);
  }

  /** One renewal for all refused requests. */
  async #renew(expired) {
    if (this.#session.tokens?.access_token !== expired) return;
    this.#refreshing ??= (async () => {
      const { refresh_token } = this.#session.tokens;
      const response = await this.#attempts("POST", "/auth/refresh", null, json({ refresh_token }));
      this.#session.tokens = response.ok ? await response.json() : null;
      if (!response.ok) this.dispatchEvent(new Event("signed-out"));
    })().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  /**
   * Repeats a request until there is an answer. Reads and sign-ins change nothing and every write has its key, so all requests may be repeated: after
   * `503` and `429` with `Retry-After`, and after a lost answer.
   */
  async #attempts(method, path, token, { headers, body, signal, isStream }) {
    const deadline = Date.now() + PATIENCE;
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(`${this.#base}/api/v1${path}`, {
        method,
        headers: token ? { ...headers, Authorization: `Bearer ${token}` } : headers,
        body,
        signal: AbortSignal.any([signal, isStream ? null : AbortSignal.timeout(SILENCE)].filter(Boolean)),
      }).catch((error) => {
        if (signal?.aborted) throw error;
        return null;
      });
      if (response && response.status !== 503 && response.status !== 429) {
        if (this.#isInTrouble) this.dispatchEvent(new Event("reached"));
        this.#isInTrouble = false;
        return response;
      }
      // With jitter, so that all customers do not return at the same moment.
      const seconds = Number(response?.headers.get("Retry-After")) || Math.min(2 ** attempt, 10) * (0.75 + Math.random() / 2);
      const isLast = Date.now() + seconds * 1000 > deadline;
      const code = response ? (await response.clone().json().catch(() => ({}))).code : "offline";
      this.#isInTrouble = true;
      this.dispatchEvent(new CustomEvent("trouble", { detail: { code, seconds: isLast ? undefined : Math.ceil(seconds) } }));
      if (isLast && response) return response;
      if (isLast) throw new Unreachable();
      await this.#pause(seconds, signal);
    }
  }

  #pause(seconds, signal) {
    const { promise, resolve } = Promise.withResolvers();
    const timer = setTimeout(resolve, seconds * 1000);
    for (const [target, name] of [[this.#retryNow, "now"], [signal, "abort"]]) target?.addEventListener(name, resolve, { once: true });
    return promise.finally(() => clearTimeout(timer));
  }
}

const json = (body) => ({ headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
