// What people want comes as events from the components; what cannot be done is told.

import { complain } from '../components/notices.js';

/** Does work for events of these names, wherever on the page they are fired: {name: (detail) => work}. */
export function takeWants(wants) {
  for (const [name, work] of Object.entries(wants)) {
    document.addEventListener(name, (event) => attempt(() => work(event.detail)));
  }
}

/** Does something; what goes wrong is told, unless it was called off. */
export async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    if (problem.name !== 'AbortError') {
      complain(problem);
    }

    return undefined;
  }
}

/** Repeats while the page is seen; a failure waits for the next turn (the banner tells of it). */
export function every(milliseconds, work) {
  const turn = () => {
    const done = document.hidden ? Promise.resolve() : work().catch(() => {});
    done.finally(() => setTimeout(turn, milliseconds));
  };
  turn();
}
