// Draws trees of plain objects into the document, changing only what differs, so that focus,
// selection and scroll positions stay while rows move. Text is always text: nothing parses HTML.

/** A wanted element; `props` are attributes, `on...` handlers, `class`, `style` (object), `key`. */
export function h(tag, props, ...children) {
  const { key, ...rest } = props ?? {};
  return { tag, key, props: rest, children: flat(children) };
}

/** Makes `parent` hold exactly the wanted children. */
export function draw(parent, ...children) {
  reconcile(parent, flat(children));
}

function flat(children) {
  const found = [];
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    found.push(typeof child === 'object' ? child : { text: String(child) });
  }
  return found;
}

function reconcile(parent, wanted) {
  const known = new Map();
  for (const node of parent.childNodes) known.set(node._key, node);
  const counts = new Map();
  const nodes = wanted.map(each => {
    const tag = each.tag ?? '#text';
    const count = counts.get(tag) ?? 0;
    counts.set(tag, count + 1);
    const key = `${tag}/${each.key ?? `#${count}`}`;
    const node = known.get(key) ?? create(each, key);
    known.delete(key);
    update(node, each);
    return node;
  });
  for (const node of known.values()) node.remove();
  nodes.forEach((node, position) => {
    const present = parent.childNodes[position];
    if (present !== node) parent.insertBefore(node, present ?? null);
  });
}

function create(wanted, key) {
  const node = wanted.tag ? document.createElement(wanted.tag) : document.createTextNode('');
  node._key = key;
  node._props = {};
  return node;
}

function update(node, wanted) {
  if (!wanted.tag) {
    if (node.data !== wanted.text) node.data = wanted.text;
    return;
  }
  for (const name of Object.keys(node._props)) {
    if (!(name in wanted.props)) assign(node, name, null);
  }
  for (const [name, value] of Object.entries(wanted.props)) {
    if (node._props[name] !== value) assign(node, name, value);
  }
  node._props = wanted.props;
  reconcile(node, wanted.children);
}

function assign(node, name, value) {
  if (name.startsWith('on')) {
    node[name] = value;
  } else if (name === 'style') {
    for (const [property, text] of Object.entries(value ?? {})) {
      node.style.setProperty(property, text);
    }
  } else if (name === 'value') {
    if (node.value !== value) node.value = value ?? '';
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}
