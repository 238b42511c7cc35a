// Deployments to a fleet, in words and figures. Pure; what the gateway said may lack anything.

import { count, percent, rate } from './format.js';

/** States of receivers in the order in which a machine comes through them, then those that are none of its way. */
export const receiverStates = ['waiting', 'receiving', 'verifying', 'done', 'late', 'failed'];

const cellCountMax = 1000;

/** The deployment that is shown with its machines: the newest that is under way, else the newest. */
export function shownDeployment(deployments) {
  return deployments.find((one) => isUnderWay(one)) ?? deployments[0] ?? null;
}

/** Whether something may still change. */
export function isUnderWay({ state }) {
  return state === 'waiting' || state === 'running' || state === 'stopping';
}

/** The machines of a deployment, those that there is a cell for. */
export function machinesOf(deployment) {
  return (deployment.receivers ?? []).slice(0, cellCountMax);
}

/** How far a machine is, 0 to 1: of the blocks, or of reading them back. */
export function progressOf(receiver, deployment) {
  return receiver.state === 'done' ? 1 : deployment.blocks > 0 ? Math.min(1, (receiver.blocks ?? 0) / deployment.blocks) : 0;
}

/** What a machine's cell says of it. */
export function machineText(receiver, deployment, names) {
  const parts = [names.get(receiver.node) ?? String(receiver.node ?? '').slice(0, 8), String(receiver.state ?? '')];
  if (receiver.state === 'receiving' || receiver.state === 'verifying') {
    parts.push(percent(progressOf(receiver, deployment)));
    if (receiver.rateBytesPerSecond > 0) {
      parts.push(rate(receiver.rateBytesPerSecond));
    }
  }

  if (receiver.loss >= 0.001) {
    parts.push(`${percent(receiver.loss)} lost`);
  }

  return `${parts.join(', ')}${receiver.reason ? `: ${receiver.reason}` : ''}`;
}

/** How many machines stand how: those states that there are. */
export function countsOf(deployment) {
  return receiverStates.map((state) => ({ state, count: deployment.counts?.[state] ?? 0 })).filter((one) => one.count > 0);
}

/** A deployment in a sentence. */
export function deploymentText(deployment) {
  const done = deployment.counts?.done ?? 0;
  const wave = isUnderWay(deployment) && deployment.waveCount > 1 && deployment.wave > 0 ? `, wave ${count(deployment.wave)} of ${count(deployment.waveCount)}` : '';
  const way = deployment.mode === 'group' && deployment.group ? ` on ${deployment.group}` : '';
  return `${count(done)} of ${count(deployment.targets ?? 0)} machines have it and have read it back${way}${wave}: ${deployment.state}.`;
}
