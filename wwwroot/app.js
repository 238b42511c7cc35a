// The page, put together: each feature owns what it shows, and is told of the others only what it needs.

import { setText, want } from './components/dom.js';
import { setUpKey } from './components/key.js';
import { setUpTheme } from './components/theme.js';
import { createActions } from './features/actions.js';
import { createCluster } from './features/cluster.js';
import { createConnection } from './features/connection.js';
import { createDeployments } from './features/deployments.js';
import { createDetails } from './features/details.js';
import { createFiles } from './features/files.js';
import { createRain } from './features/rain.js';
import { createSettings } from './features/settings.js';
import { createUploads } from './features/uploads.js';
import { createViews } from './features/views.js';
import { weather } from './logic/explain.js';
import { doReadsNeedKey, learnWhetherReadsNeedKey } from './net/api.js';

start(document);

function start(page) {
  const connection = createConnection(page);
  const { asOf } = connection;
  const views = createViews(page, (view, rest) => {
    if (view === 'files') {
      files.show(rest);
    }

    settings.show(view === 'settings');
  });
  const files = createFiles(page, { views, asOf, onFolder: () => details.close() });
  const nameOf = (id) => files.find(id)?.name ?? `Resource ${id}`;
  const cluster = createCluster(page, { asOf, onSeen: () => drawWeather() });
  const rain = createRain(page, { connection, views, onEnded: refreshFiles, onSky: () => drawWeather() });
  const details = createDetails(page, { files, nodes: cluster.nodes });
  const deployments = createDeployments(page, { asOf, nodes: cluster.nodes, views, nameOf });
  const settings = createSettings(page, { asOf });
  createActions(page, { files, details, rain, cluster });
  createUploads(page, { folder: files.folder, onStored: refreshFiles });

  connection.onTurn((isStale) => {
    [cluster, deployments, files, rain, settings].forEach((feature) => feature.draw());
    if (!isStale) {
      refreshAll();
    }
  });
  setUpTheme(page.getElementById('theme-button'));
  setUpKey([page.getElementById('key-button'), page.getElementById('link-key')], refreshAll);
  page.getElementById('metrics-link').addEventListener('click', (event) => {
    if (doReadsNeedKey()) {
      event.preventDefault();
      want(event.currentTarget, 'document', { path: 'metrics', title: 'Metrics', fileName: 'metrics.txt' });
    }
  });
  learnWhetherReadsNeedKey();
  views.start();

  /** The gateway answers again, or there is another key. */
  function refreshAll() {
    rain.hurry();
    cluster.refresh();
    refreshFiles();
  }

  function refreshFiles() {
    files.refresh().catch(() => {});
  }

  function drawWeather() {
    const { count, bytesPerSecond } = rain.sky();
    setText(page.getElementById('weather'), weather(connection.state(), connection.heardAt(), count, bytesPerSecond, cluster.servers()));
  }
}
