// The droplets: each falls from its server, bent a little by the wind, onto the water; a lost one fades on the way.

import { fit, stillness } from './frames.js';
import { serverColour } from './palette.js';

const dropletsPerSecondMax = 200;
const aliveMax = 420;
const fallMs = 1000;
const fallSpreadMs = 500;
const length = 0.06;
const windPixels = 26;

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
     * @param {number} count How many servers there are.
     * @param {number} scale Droplets for one drawn.
     * @param {{surface: Function}} field Tells how deep to fall.
     * @param {number} fieldTop Where the field begins.
     * @returns {boolean} Whether anything is in the air.
     */
    draw(now, rates, lostRates, count, scale, field, fieldTop) {
      if (context === null) {
        return false;
      }

      const elapsed = Math.min(100, Math.max(0, now - last));
      last = now;
      if (!stillness.matches) {
        for (let server = 0; server < count; server++) {
          spawn(server, ((rates[server] + (lostRates[server] ?? 0)) / scale) * (elapsed / 1000), lostRates[server] / (rates[server] + lostRates[server]) || 0, now, count, field, fieldTop);
        }
      }

      if (alive.length === 0 && !dirty) {
        return false;
      }

      context.clearRect(0, 0, width, height);
      dirty = alive.length > 0;
      paint(now, count);
      return dirty;
    },
  };

  function nozzleX(server, count) {
    return (width * (server + 0.5)) / Math.max(1, count);
  }

  function spawn(server, due, lossShare, now, count, field, fieldTop) {
    owed[server] = (owed[server] ?? Math.random()) + due;
    while (owed[server] >= 1) {
      owed[server] -= 1;
      if (alive.length >= aliveMax) {
        continue;
      }

      const droplet = spare.pop() ?? {};
      droplet.server = server;
      droplet.born = now - Math.random() * 16;
      droplet.life = fallMs + Math.random() * fallSpreadMs;
      droplet.x0 = nozzleX(server, count) + (Math.random() - 0.5) * (width / count) * 0.94;
      droplet.x1 = droplet.x0 - windPixels * (0.6 + Math.random() * 0.8);
      droplet.y1 = fieldTop + field.surface(Math.random());
      droplet.fade = Math.random() < lossShare ? 0.35 + Math.random() * 0.3 : 2;
      alive.push(droplet);
    }
  }

  /** One path a server, so that a frame of 32 servers is 32 strokes. */
  function paint(now, count) {
    context.lineCap = 'round';
    context.lineWidth = 1.6;
    for (let server = 0; server < count; server++) {
      let begun = false;
      for (let index = 0; index < alive.length; index++) {
        const droplet = alive[index];
        if (droplet.server !== server || droplet.gone) {
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
        context.moveTo(xAt(droplet, tail), yAt(droplet, tail));
        context.lineTo(xAt(droplet, age), yAt(droplet, age));
      }

      if (begun) {
        context.stroke();
      }
    }

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
