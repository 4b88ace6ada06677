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
