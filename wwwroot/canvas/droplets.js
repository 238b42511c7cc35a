// The droplets: each falls from its server, bent a little by the wind, onto the water; a lost one fades on the way. What is given to one
// that fetches the same rises to it.

import { fit, stillness } from './frames.js';
import { serverColour } from './palette.js';

const dropletsPerSecondMax = 200;
const aliveMax = 420;
const fallMs = 1000;
const fallSpreadMs = 500;
const length = 0.06;
const windPixels = 26;

/** Where under its nozzle a droplet is, as shares of the nozzle's width from its middle. */
const lanes = { whole: [-0.5, 0.5], left: [-0.5, 0.14], up: [0.24, 0.5] };

/** How many real droplets one drawn droplet stands for: a power of two that keeps the picture readable. */
export function dropletScale(dropletsPerSecond) {
  let scale = 1;
  while (dropletsPerSecond / scale > dropletsPerSecondMax) {
    scale *= 2;
  }

  return scale;
}

/** A sky on a canvas that lies over nozzles and field. */
export function createDroplets(canvas) {
  let context = null;
  let width = 0;
  let height = 0;
  let nozzleY = 0;
  let last = 0;
  let dirty = false;
  const owed = [];
  const owedUp = [];
  const alive = [];
  const spare = [];
  const colours = [];

  return {
    resize(newWidth, newHeight, newNozzleY) {
      width = newWidth;
      height = newHeight;
      nozzleY = newNozzleY;
      context = fit(canvas, width, height);
      alive.length = 0;
    },
    recolour() {
      colours.length = 0;
    },
    nozzleX,
    /**
     * Draws a frame.
     * @param {number} now
     * @param {Float64Array} rates Droplets a second of each server.
     * @param {number[]} lostRates Lost droplets a second of each server.
     * @param {number[]} givenRates Droplets a second given to each.
     * @param {number} count How many servers there are.
     * @param {number} scale Droplets for one drawn.
     * @param {{surface: Function}} field Tells how deep to fall.
     * @param {number} fieldTop Where the field begins.
     * @returns {boolean} Whether anything is in the air.
     */
    draw(now, rates, lostRates, givenRates, count, scale, field, fieldTop) {
      if (context === null) {
        return false;
      }

      const elapsed = Math.min(100, Math.max(0, now - last));
      last = now;
      if (!stillness.matches) {
        for (let server = 0; server < count; server++) {
          const part = givenRates[server] > 0 ? 'left' : 'whole';
          spawn(server, owed, part, ((rates[server] + (lostRates[server] ?? 0)) / scale) * (elapsed / 1000), lostRates[server] / (rates[server] + lostRates[server]) || 0, now, count, field, fieldTop);
          spawn(server, owedUp, 'up', ((givenRates[server] ?? 0) / scale) * (elapsed / 1000), 0, now, count, field, fieldTop);
        }
      }

      if (alive.length === 0 && !dirty) {
        return false;
      }

      context.clearRect(0, 0, width, height);
      dirty = alive.length > 0;
      paint(now, count, false);
      paint(now, count, true);
      forget(count);
      return dirty;
    },
  };

  function nozzleX(server, count) {
    return (width * (server + 0.5)) / Math.max(1, count);
  }

  function spawn(server, debts, part, due, lossShare, now, count, field, fieldTop) {
    debts[server] = (debts[server] ?? Math.random()) + due;
    while (debts[server] >= 1) {
      debts[server] -= 1;
      if (alive.length >= aliveMax) {
        continue;
      }

      const droplet = spare.pop() ?? {};
      droplet.server = server;
      droplet.born = now - Math.random() * 16;
      droplet.life = fallMs + Math.random() * fallSpreadMs;
      droplet.rises = part === 'up';
      const [from, to] = lanes[part];
      droplet.x0 = nozzleX(server, count) + (from + Math.random() * (to - from)) * (width / count) * 0.94;
      droplet.x1 = droplet.x0 - windPixels * (0.6 + Math.random() * 0.8);
      droplet.y1 = fieldTop + field.surface(Math.random());
      droplet.fade = Math.random() < lossShare ? 0.35 + Math.random() * 0.3 : 2;
      alive.push(droplet);
    }
  }

  /** One path a server, so that a frame of 32 servers is 32 strokes; those that rise are thinner. */
  function paint(now, count, rises) {
    context.lineCap = 'round';
    context.lineWidth = rises ? 1 : 1.6;
    for (let server = 0; server < count; server++) {
      let begun = false;
      for (let index = 0; index < alive.length; index++) {
        const droplet = alive[index];
        if (droplet.server !== server || droplet.rises !== rises || droplet.gone) {
          continue;
        }

        const age = (now - droplet.born) / droplet.life;
        if (age >= 1 || age > droplet.fade) {
          droplet.gone = true;
          continue;
        }

        if (!begun) {
          begun = true;
          colours[server] ??= serverColour(server);
          context.strokeStyle = colours[server];
          context.beginPath();
        }

        const tail = Math.max(0, age - length * (droplet.fade < 2 ? 1 - age / droplet.fade : 1));
        const [from, to] = rises ? [1 - tail, 1 - age] : [tail, age];
        context.moveTo(xAt(droplet, from), yAt(droplet, from));
        context.lineTo(xAt(droplet, to), yAt(droplet, to));
      }

      if (begun) {
        context.stroke();
      }
    }
  }

  function forget(count) {
    let kept = 0;
    for (let index = 0; index < alive.length; index++) {
      const droplet = alive[index];
      if (droplet.gone || droplet.server >= count) {
        droplet.gone = false;
        spare.push(droplet);
      } else {
        alive[kept++] = droplet;
      }
    }

    alive.length = kept;
  }

  function xAt(droplet, age) {
    return droplet.x0 + (droplet.x1 - droplet.x0) * age * age;
  }

  function yAt(droplet, age) {
    return nozzleY + (droplet.y1 - nozzleY) * (0.4 * age + 0.6 * age * age);
  }
}
