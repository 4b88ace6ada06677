// What the driver says: rows by kind, kept up to date by server-sent events, and listings that are
// asked for only while somebody looks at them.

import { address, get } from './request.js';

const KINDS = { job: 'jobs', stage: 'stages', executor: 'executors', rdd: 'rdds', kill: 'kills' };
// After this long without a word the driver is asked whether it is there, and has this long to say so.
const QUIET_MS = 5_000;
const PING_MS = 4_000;
// A listing that was not drawn for this long is not asked for any more.
const FORGET_MS = 3_000;

const keyOf = {
  job: row => String(row.jobId),
  stage: row => `${row.stageId}.${row.attemptId}`,
  executor: row => String(row.id),
  rdd: row => String(row.id),
  kill: row => String(row.id)
};

export class Model {
  /** @param onChange called when something is different; may be called often. */
  constructor(onChange) {
    this.onChange = onChange;
    this.application = null;
    this.cleaner = null;
    this.omitted = {};
    this.heardAt = 0;
    this.connection = 'connecting';
    for (const list of Object.values(KINDS)) this[list] = new Map();
    this.listings = new Map();
  }

  get isStopped() {
    return this.application?.state === 'stopped';
  }

  // Events -----------------------------------------------------------------------------------

  /** Listen, until the page is hidden or the application has stopped. */
  listen() {
    if (this.source || this.isStopped) return;
    const source = new EventSource(address('events') + this.since());
    this.source = source;
    source.onopen = () => this.heard();
    source.onerror = () => this.lost();
    source.addEventListener('snapshot', event => this.takeSnapshot(JSON.parse(event.data)));
    source.addEventListener('change', event => this.takeChange(event));
  }

  /** Ask for nothing while nobody sees the page. */
  rest() {
    this.source?.close();
    this.source = null;
    this.connection = 'connecting';
  }

  since() {
    return this.seen ? `?since=${this.seen.seq}&life=${this.seen.life}` : '';
  }

  heard() {
    this.heardAt = Date.now();
    this.isSilent = false;
    this.connection = 'live';
    this.onChange();
  }

  lost() {
    if (this.isStopped) {
      this.rest();
      this.connection = 'ended';
    } else {
      this.connection = 'lost';
      if (this.source?.readyState === EventSource.CLOSED) {
        this.source = null;
        setTimeout(() => document.hidden || this.listen(), 2_000);
      }
    }
    this.onChange();
  }

  takeSnapshot(data) {
    const snapshot = data.snapshot;
    this.seen = { seq: data.seq, life: data.life };
    this.application = snapshot.application;
    this.cleaner = snapshot.cleaner;
    this.omitted = snapshot.omitted ?? {};
    for (const [kind, list] of Object.entries(KINDS)) {
      this[list] = new Map((snapshot[list] ?? []).map(row => [keyOf[kind](row), row]));
    }
    this.heard();
  }

  takeChange(event) {
    const { seq, kind, key, row } = JSON.parse(event.data);
    this.seen = { seq, life: event.lastEventId.split('-')[0] };
    if (kind === 'application') this.application = row;
    else if (kind === 'cleaner') this.cleaner = row;
    else if (KINDS[kind] && row) this[KINDS[kind]].set(keyOf[kind](row), row);
    else if (KINDS[kind]) this[KINDS[kind]].delete(String(key));
    if (this.isStopped) {
      this.rest();
      this.connection = 'ended';
      this.heardAt = Date.now();
      this.onChange();
    } else {
      this.heard();
    }
  }

  /** What the connection is like: live, connecting, lost, silent, ended. */
  health() {
    return this.connection === 'live' && this.isSilent ? 'silent' : this.connection;
  }

  /** Ask whether the driver is there, if it has said nothing for a while. */
  async ping() {
    const isQuiet = this.connection === 'live' && Date.now() - this.heardAt > QUIET_MS;
    if (!isQuiet || this.isPinging) return;
    this.isPinging = true;
    try {
      await fetch('/api/v1/version', { signal: AbortSignal.timeout(PING_MS) });
      if (this.connection === 'live') this.heard();
    } catch {
      this.isSilent = true;
      this.onChange();
    }
    this.isPinging = false;
  }

  // Listings that are drawn now ----------------------------------------------------------------

  /**
   * The newest answer for `path`, asked again every `everyMs` for as long as it is drawn.
   *
   * @returns {{value: any, error: string, at: number}}
   */
  use(path, everyMs) {
    let listing = this.listings.get(path);
    if (!listing) {
      listing = { value: null, error: '', at: 0, askedAt: 0, isAsking: false };
      this.listings.set(path, listing);
    }
    // What is asked less often from now on has come to an end, which is to be seen.
    if (everyMs > listing.everyMs) listing.askedAt = 0;
    listing.everyMs = everyMs;
    listing.usedAt = Date.now();
    return listing;
  }

  /** Have a listing asked for again at once. */
  renew(path) {
    const listing = this.listings.get(path);
    if (listing) listing.askedAt = 0;
  }

  /** Ask for what is drawn and due. */
  refresh() {
    const now = Date.now();
    this.ping();
    for (const [path, listing] of this.listings) {
      if (now - listing.usedAt > FORGET_MS) this.listings.delete(path);
      else if (!listing.isAsking && now - listing.askedAt >= listing.everyMs) this.ask(path, listing);
    }
  }

  async ask(path, listing) {
    if (this.isStopped) {
      listing.error = 'The application has stopped: there is nobody to ask.';
      return;
    }
    listing.isAsking = true;
    listing.askedAt = Date.now();
    try {
      listing.value = await get(path);
      listing.error = '';
    } catch (error) {
      listing.error = error.message;
    }
    listing.at = Date.now();
    listing.isAsking = false;
    this.onChange();
  }
}
