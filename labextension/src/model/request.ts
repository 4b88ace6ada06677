import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What a request may carry. */
export interface IRequestOptions {
  method?: 'GET' | 'POST';
  query?: Record<string, string | number | boolean>;
  body?: unknown;
  signal?: AbortSignal;
}

/** An answer that is a refusal; `status` 0 means that nobody answered. */
export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: Record<string, unknown> = {}
  ) {
    super(message);
  }
}

/** Asks the server extension; the path is below `<base>/pyspark-shell/`. */
export type Request = <T>(
  path: string,
  options?: IRequestOptions
) => Promise<T>;

/** Returns the one way to the server, which knows base URL, token and XSRF header. */
export function serverRequest(
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Request {
  return async <T>(path: string, options: IRequestOptions = {}): Promise<T> => {
    const url = URLExt.join(settings.baseUrl, 'pyspark-shell', path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        url + queryString(options.query),
        {
          method: options.method ?? 'GET',
          signal: options.signal,
          ...(options.method === 'POST' && {
            body: JSON.stringify(options.body ?? {})
          })
        },
        settings
      );
    } catch (error) {
      throw new RequestFailed(0, String(error));
    }
    const body = await jsonOf(response);
    if (!response.ok) {
      const message = body.error ?? body.message ?? response.statusText;
      throw new RequestFailed(response.status, String(message), body);
    }
    return body as T;
  };
}

/** One of a driver's events. */
export interface IEvent {
  /** `snapshot`, `change` or `silent`; empty for a sign of life. */
  kind: string;
  data: unknown;
}

/** Opens a stream of events; it ends with the driver, with the signal, or with an error. */
export type Events = (
  path: string,
  options: { query?: IRequestOptions['query']; signal: AbortSignal }
) => AsyncIterable<IEvent>;

/** Returns the way to streams of events, as `serverRequest` does to answers. */
export function serverEvents(
  settings: ServerConnection.ISettings = ServerConnection.makeSettings()
): Events {
  return async function* (path, { query, signal }) {
    const url = URLExt.join(settings.baseUrl, 'pyspark-shell', path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        url + queryString(query),
        { signal, cache: 'no-store' },
        settings
      );
    } catch (error) {
      throw new RequestFailed(0, String(error));
    }
    if (!response.ok || !response.body) {
      const body = await jsonOf(response);
      throw new RequestFailed(
        response.status,
        String(body.error ?? response.statusText),
        body
      );
    }
    yield* eventsOf(response.body);
  };
}

/** The events in a body of server-sent events. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>
): AsyncIterable<IEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        yield eventOf(block);
      }
    }
  } catch (error) {
    throw new RequestFailed(0, String(error));
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function eventOf(block: string): IEvent {
  const fields = new Map(
    block.split('\n').map(line => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)] as const;
    })
  );
  const data = fields.get('data');
  return {
    kind: fields.get('event') ?? '',
    data: data === undefined ? null : JSON.parse(data)
  };
}

function queryString(query: IRequestOptions['query']): string {
  const pairs = Object.entries(query ?? {}).map(([key, value]) => [
    key,
    String(value)
  ]);
  return pairs.length ? '?' + new URLSearchParams(pairs).toString() : '';
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  try {
    return await response.json();
  } catch {
    return {};
  }
}
