// Pieces that several views are made of.

import { h } from './dom.js';
import { duration } from './format.js';
import { mayKill } from './request.js';

// Shorter runs are not worth a click.
const FOLDED = 3;
const GLYPHS = {
  waiting: '◌', running: '▸', killing: '◐', killed: '■', failed: '✕', done: '✓', skipped: '–',
  idle: '○', busy: '▸', dead: '✕', stopped: '■'
};

/** A state as a word, never by colour alone. */
export function pill(state, title) {
  return h('span', { class: `pill ${state}`, title },
    h('span', { class: 'glyph', 'aria-hidden': 'true' }, GLYPHS[state] ?? '•'), state);
}

/** Tasks of a job or a stage: done, running, failed, killed, of all. */
export function bar({ done, running, failed, killed, total }, label) {
  const all = Math.max(total, 1);
  const part = (name, count) =>
    count > 0 && h('span', { key: name, class: name, style: { width: `${(100 * count) / all}%` } });
  const text = `${done}${running ? `+${running}` : ''}/${total}`;
  const more = [failed && `${failed} failed`, killed && `${killed} killed`].filter(Boolean);
  const spoken = `${done} of ${total} tasks done, ${running} running` +
    more.map(each => `, ${each}`).join('');
  return h('div', { class: 'progress' },
    h('div', {
      class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0,
      'aria-valuemax': total, 'aria-valuenow': done, 'aria-valuetext': spoken
    }, part('done', done), part('running', Math.min(running, all - done)), part('failed', failed),
    part('killed', killed)),
    h('span', { class: 'count', 'aria-hidden': 'true' }, text,
      more.length > 0 && h('small', {}, ` ${more.join(', ')}`)));
}

/** A share of something, such as cached partitions. */
export function meter(value, max, label) {
  const share = max ? Math.min(1, value / max) : 0;
  return h('div', { class: 'bar thin', role: 'meter', 'aria-label': label, 'aria-valuemin': 0,
    'aria-valuemax': max, 'aria-valuenow': value },
  h('span', { class: 'done', style: { width: `${100 * share}%` } }));
}

/** Ends something; nothing if this user may not. */
export function killButton(ui, { what, path, key, confirm, text = 'Kill' }) {
  if (!mayKill || ui.model.isStopped) return null;
  const isSent = ui.sent.has(key);
  return h('button', {
    class: 'kill', disabled: isSent, 'aria-label': `${text} ${what}`,
    onclick: event => { event.stopPropagation(); ui.order(key, path, {}, confirm); }
  }, isSent ? 'Killing…' : text);
}

/** Any other order. */
export function button(text, onclick, props = {}) {
  return h('button', {
    ...props, onclick: event => { event.stopPropagation(); onclick(event); }
  }, text);
}

/** Opens and closes what stands below a row. */
export function opener(ui, key, label, ...children) {
  const isOpen = ui.open.has(key);
  return h('button', {
    class: 'opener', 'aria-expanded': String(isOpen), 'aria-label': label,
    onclick: () => ui.toggle(key)
  }, h('span', { class: 'arrow', 'aria-hidden': 'true' }, '▸'), children);
}

/** A Python stack, innermost frame first; runs of frames that are not the user's are folded. */
export function stack(thread, note) {
  const frames = [...(thread.stackTrace?.elems ?? [])].reverse();
  return h('figure', { class: 'stack' },
    h('figcaption', {}, note ?? stackNote(thread)),
    frames.length === 0 && h('p', { class: 'soft' }, 'No Python frame: the thread is in C code.'),
    runs(frames).map((run, at) => (run.isOwn || run.frames.length < FOLDED
      ? frameList(run, at)
      : h('details', { key: at },
        h('summary', {}, `${run.frames.length} frames of Python, libraries and the engine`),
        frameList(run, at)))));
}

function frameList(run, key) {
  return h('ol', { key }, run.frames.map((frame, at) => {
    const [place, ...code] = frame.split('\n');
    return h('li', { key: at, class: run.isOwn ? 'own' : 'library' },
      h('code', { class: 'place' }, place.trim()),
      code.length > 0 && h('code', { class: 'line' }, code.join('\n').trim()));
  }));
}

/** Frames cut where those of the user begin and end. */
function runs(frames) {
  const found = [];
  for (const frame of frames) {
    const isOwn = !isLibrary(frame);
    if (found.at(-1)?.isOwn !== isOwn) found.push({ isOwn, frames: [] });
    found.at(-1).frames.push(frame);
  }
  return found;
}

/** Whether a frame is not the user's. */
export function isLibrary(frame) {
  return /\/(lib\/python[\d.]+|site-packages|pyspark_shell)\/|"<(frozen|string)/.test(frame);
}

function stackNote(thread) {
  const seconds = thread.sameLineSeconds;
  const sampled = thread.sampledBy === 'faulthandler'
    ? 'sampled by a signal: C code holds the interpreter'
    : 'sampled in the process, no root needed';
  return seconds >= 1 ? `same line for ${duration(seconds * 1000)} · ${sampled}` : sampled;
}

/** Why something failed, in full. */
export function reason(text) {
  return text && h('pre', { class: 'reason', tabindex: '0' }, text.slice(0, 8000));
}

/** Why there is nothing, and what would bring something. */
export function empty(title, text, code) {
  return h('div', { class: 'empty' }, h('h3', {}, title), h('p', {}, text),
    code && h('pre', {}, h('code', {}, code)));
}

/** The state of a listing that has no answer yet. */
export function pending(listing) {
  if (listing.value !== null) return null;
  return listing.error
    ? h('p', { class: 'soft', role: 'alert' }, listing.error)
    : h('p', { class: 'soft' }, 'Asking…');
}

/** Name and value, side by side. */
export function fact(name, value, title) {
  return h('div', { class: 'fact', key: name, title }, h('dt', {}, name), h('dd', {}, value));
}
