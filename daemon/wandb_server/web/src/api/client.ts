/** The one place that talks to the server: GraphQL with the session's cookie, same origin. */

/** What a request failed with, in words for people; `status` is 0 when there was no answer. */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = "RequestFailed";
  }

  get denied(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

const TIMEOUT_MS = 30_000;

/** The `data` of a GraphQL answer. Throws RequestFailed. */
export async function graphql<T>(
  operationName: string,
  query: string,
  variables: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<T> {
  const body = JSON.stringify({ operationName, query, variables });
  const answer = (await request("/graphql", signal, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  })) as { data?: T | null; errors?: { message?: string }[] };
  if (answer.errors && answer.errors.length > 0) {
    throw new RequestFailed(answer.errors.map((error) => error.message ?? "unknown error").join("; "), 200);
  }
  if (!answer.data) throw new RequestFailed("the server's answer holds no data", 200);
  return answer.data;
}

/** A JSON document. Throws RequestFailed. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, signal, {})) as T;
}

async function request(path: string, signal: AbortSignal | undefined, init: RequestInit): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(path, {
      ...init,
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed(timeout.aborted ? "the server did not answer within 30 s" : "the server cannot be reached", 0);
  }
  const text = await answer.text();
  if (!answer.ok) throw new RequestFailed(reason(text, answer.status), answer.status);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RequestFailed("the server's answer is not JSON", answer.status);
  }
}

function reason(text: string, status: number): string {
  if (status === 401) return "you are not signed in";
  try {
    const parsed = JSON.parse(text) as { errors?: { message?: string }[] };
    const message = parsed.errors?.[0]?.message;
    if (message) return message;
  } catch {
    // Not every refusal is JSON: the status says enough.
  }
  return `the server answered with status ${status}`;
}
