// Runs before the first paint, so that a chosen colour scheme does not flash. Everything else is in app.js.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'dark' || chosen === 'light') {
    document.documentElement.dataset.theme = chosen;
  }
} catch {
  // Storage may be forbidden; the system's scheme is used then.
}
