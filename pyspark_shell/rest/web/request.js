// Speaks HTTP to the driver that sent this page: the one place that fetches.

function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.content ?? '';
}

/** The application's id. */
export const application = meta('application');

/** Whether this user may kill. */
export const mayKill = meta('kill') === 'yes';

/** Whether this user may give orders that kill nothing: unpersist, release, collect garbage. */
export const mayChange = meta('change') === 'yes';

const base = `/api/v1/applications/${encodeURIComponent(application)}`;

/** The address of `path` below the application. */
export function address(path) {
  return path ? `${base}/${path}` : base;
}

/** Ask; an error has the driver's own sentence. */
export async function get(path) {
  return answer(await fetch(address(path), { headers: { Accept: 'application/json' } }));
}

/** Give an order. */
export async function post(path, body = {}) {
  const headers = {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'X-CSRF-Token': meta('csrf')
  };
  return answer(await fetch(address(path), { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function answer(response) {
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(value.error ?? `The driver answered ${response.status}.`);
  return value;
}
