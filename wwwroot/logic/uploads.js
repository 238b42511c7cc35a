// The queue of uploads. Pure: each step gives a new state.

const activeMax = 2;

/** An empty queue. */
export function createQueue() {
  return { next: 1, items: [] };
}

/** Adds files; only the first gets the id, the others take theirs from their content. */
export function enqueue(queue, files, { id, code, replicas }) {
  const items = [...files].map((file, index) => ({
    key: queue.next + index,
    file,
    name: file.name,
    length: file.size,
    id: index === 0 ? id : null,
    code,
    replicas,
    sent: 0,
    state: 'waiting',
    problem: null,
    result: null,
  }));
  return { next: queue.next + items.length, items: [...queue.items, ...items] };
}

/** Those that may start now. */
export function startable(queue) {
  const active = queue.items.filter((item) => item.state === 'sending' || item.state === 'finishing').length;
  return queue.items.filter((item) => item.state === 'waiting').slice(0, Math.max(0, activeMax - active));
}

/** Changes one item. A cancelled or ended one stays as it is. */
export function change(queue, key, changes) {
  return { ...queue, items: queue.items.map((item) => (item.key === key && !isOver(item) ? { ...item, ...changes } : item)) };
}

/** Takes an item off the list. */
export function dismiss(queue, key) {
  return { ...queue, items: queue.items.filter((item) => item.key !== key) };
}

/** Whether nothing more will happen to it. */
export function isOver(item) {
  return item.state === 'done' || item.state === 'failed' || item.state === 'cancelled';
}
