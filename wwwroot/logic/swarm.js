// What a transfer's sources are to each other when many nodes fetch the same. Pure.

import { count, size } from './format.js';

const roleNames = { seeder: 'seeder', peer: 'gives', bothWays: 'both ways' };

/** Whether a source is one of those that fetch the same, and not just a server that was asked. */
export function isNeighbour(source) {
  return source.named === true || source.role === 'peer' || source.role === 'bothWays';
}

/** Whether a transfer is made in company. */
export function isInCompany(transfer) {
  return transfer.peersKnown > 0 || transfer.sources.some(isNeighbour);
}

/** What a source does, in a word or two. */
export function roleName(source) {
  return roleNames[source.role] ?? '–';
}

/** How much of the resource a source holds, 0 to 1; null when it has not said. */
export function heldShare(transfer, source) {
  return source.heldBlocks === null || source.heldBlocks === undefined || !(transfer.blocks > 0) ? null : Math.min(1, source.heldBlocks / transfer.blocks);
}

/** The line that says who there is: "12 neighbours of 1,000 known, …"; '' for a transfer that is made alone. */
export function companyText(transfer) {
  if (!isInCompany(transfer)) {
    return '';
  }

  const neighbours = transfer.sources.filter(isNeighbour).length;
  const known = Math.max(transfer.peersKnown ?? 0, neighbours);
  const have = (role) => transfer.sources.filter((source) => source.role === role).length;
  const said = [
    [have('seeder'), 'seeder', 'seeders'],
    [have('bothWays'), 'gives and takes', 'give and take'],
    [have('peer'), 'only gives', 'only give'],
  ].filter(([many]) => many > 0).map(([many, one, several]) => `${count(many)} ${many === 1 ? one : several}`);
  const replaced = transfer.replaced?.neighbours ?? 0;
  const parts = [
    `${count(neighbours)} ${neighbours === 1 ? 'neighbour' : 'neighbours'} of ${count(known)} known`,
    said.join(', '),
    replaced > 0 ? `${count(replaced)} made way for others` : '',
    `${size(transfer.givenBytes ?? 0)} given`,
  ];
  return parts.filter((part) => part !== '').join('\u00a0· ');
}

/** Names for the sources of a picture, from the longest to the shortest by which they can be told apart: whole, without the port where all
 * have the same, and without what all addresses begin with. */
export function namings(endpoints) {
  const ports = new Set(endpoints.map((endpoint) => endpoint.slice(endpoint.lastIndexOf(':'))));
  const hosts = ports.size > 1 ? endpoints : endpoints.map((endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':')));
  let common = hosts.length > 1 ? hosts[0].search(/[.:][^.:]*$/) + 1 : 0;
  while (common > 0 && !hosts.every((host) => host.startsWith(hosts[0].slice(0, common)))) {
    common = hosts[0].slice(0, common - 1).search(/[.:][^.:]*$/) + 1;
  }

  return [endpoints, hosts, hosts.map((host) => host.slice(common))];
}
