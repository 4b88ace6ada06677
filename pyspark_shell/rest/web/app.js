// Wires: the model to the views, the address to the tab, keys to what they do.

import { draw, h } from './dom.js';
import { Model } from './model.js';
import { post } from './request.js';
import { drawHeader, TABS } from './view_header.js';

const $ = id => document.getElementById(id);
// A mark of a click lasts until the row tells the same, or this long.
const SENT_MS = 8_000;
const TOAST_MS = 7_000;

/** What is open, chosen, typed and just clicked: state of this page alone. */
class Page {
  constructor() {
    this.model = new Model(() => this.redraw());
    this.open = new Set();
    this.sent = new Set();
    this.search = {};
    this.toasts = [];
    this.isDue = false;
  }

  get tab() {
    const name = location.hash.slice(1);
    return TABS.find(tab => tab.name === name) ?? TABS[0];
  }

  begin() {
    addEventListener('hashchange', () => this.redraw());
    document.addEventListener('visibilitychange', () => this.wakeOrRest());
    addEventListener('keydown', event => this.key(event));
    setInterval(() => this.tick(), 250);
    this.wakeOrRest();
    this.redraw();
  }

  wakeOrRest() {
    if (document.hidden) this.model.rest();
    else this.model.listen();
  }

  tick() {
    if (document.hidden) return;
    this.model.refresh();
    this.ticks = (this.ticks ?? 0) + 1;
    if (this.ticks % 4 === 0) this.redraw();
  }

  /** Draw soon, once, however often it is asked for. */
  redraw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.draw();
    });
  }

  draw() {
    drawHeader(this, $('header'), $('tabs'));
    draw($('main'), h('section', { key: this.tab.name, 'aria-label': this.tab.title },
      this.tab.view(this)));
    draw($('toasts'), this.toasts.map(toast =>
      h('div', { key: toast.id, class: `toast ${toast.kind}` }, toast.text)));
    const name = this.model.application?.name;
    if (name) document.title = `${name} · pyspark-shell`;
    this.model.refresh();
  }

  key(event) {
    if (event.target.closest?.('input, dialog') || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const tab = TABS[Number(event.key) - 1];
    if (tab) location.hash = tab.name;
    if (event.key === '/') {
      const field = document.querySelector('input[type=search]');
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
  }

  // What people do -----------------------------------------------------------------------------

  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.redraw();
  }

  find(name, text) {
    this.search[name] = text;
    this.redraw();
  }

  /** Give an order, after a question if there is one; say what became of it if it failed. */
  async order(key, path, body = {}, question = null, done = null) {
    if (question && !(await this.ask(question))) return;
    this.sent.add(key);
    this.redraw();
    try {
      const answer = await post(path, body);
      if (done) this.toast(done(answer));
    } catch (error) {
      this.toast(error.message, 'bad');
      this.sent.delete(key);
    }
    setTimeout(() => {
      this.sent.delete(key);
      this.redraw();
    }, SENT_MS);
    this.redraw();
  }

  ask({ title, text, items = [], action }) {
    const dialog = $('dialog');
    draw(dialog, h('form', { method: 'dialog' },
      h('h2', { id: 'dialog-title' }, title), h('p', {}, text),
      items.length > 0 && h('ul', {}, items.map(item => h('li', { key: item }, item))),
      h('div', { class: 'buttons' },
        h('button', { value: 'no', autofocus: true }, 'Cancel'),
        h('button', { value: 'yes', class: 'kill strong' }, action))));
    dialog.returnValue = 'no';
    dialog.showModal();
    return new Promise(resolve => {
      dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    });
  }

  toast(text, kind = 'good') {
    const toast = { id: Math.random(), text, kind };
    this.toasts.push(toast);
    setTimeout(() => {
      this.toasts = this.toasts.filter(each => each !== toast);
      this.redraw();
    }, TOAST_MS);
    this.redraw();
  }
}

new Page().begin();
