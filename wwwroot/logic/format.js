// Numbers and names as words. Pure.

const decimal = new Intl.NumberFormat('en');

/** Thousands apart: 12,345. */
export function count(value) {
  return decimal.format(Math.round(value ?? 0));
}

const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes with three digits that count: 0 B, 999 B, 1.23 MB. */
export function size(bytes) {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) {
    return '–';
  }

  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1000;
    unit++;
  }

  return `${threeDigits(value, unit === 0)} ${sizeUnits[unit]}`;
}

/** Bytes a second. */
export function rate(bytesPerSecond) {
  return `${size(bytesPerSecond)}/s`;
}

/** A share as per cent; small ones keep a digit that tells. */
export function percent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) {
    return '–';
  }

  const value = share * 100;
  if (value === 0 || value === 100) {
    return `${value} %`;
  }

  if (value < 0.01) {
    return '< 0.01 %';
  }

  return `${value < 1 ? value.toFixed(2) : value < 10 || value > 99 ? value.toFixed(1) : Math.round(value)} %`;
}

/** Milliseconds: 0.34 ms, 12 ms, 4.1 s, 3 min 20 s. */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined || !Number.isFinite(milliseconds)) {
    return '–';
  }

  if (milliseconds < 10) {
    return `${milliseconds.toFixed(milliseconds < 1 ? 2 : 1)} ms`;
  }

  if (milliseconds < 1000) {
    return `${Math.round(milliseconds)} ms`;
  }

  const seconds = milliseconds / 1000;
  if (seconds < 60) {
    return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }

  const whole = Math.round(seconds);
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }

  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago, in one word or two. */
export function ago(isoTime, nowMs) {
  const then = Date.parse(isoTime ?? '');
  if (Number.isNaN(then)) {
    return 'never';
  }

  const seconds = Math.max(0, (nowMs - then) / 1000);
  if (seconds < 2) {
    return 'now';
  }

  if (seconds < 60) {
    return `${Math.floor(seconds)} s ago`;
  }

  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ago`;
  }

  if (seconds < 86400) {
    return `${Math.floor(seconds / 3600)} h ago`;
  }

  return `${Math.floor(seconds / 86400)} d ago`;
}

/** A big number in few characters, for scales: 0, 850, 1.2k, 64k, 3.4M. */
export function brief(value) {
  if (value < 1000) {
    return `${Math.round(value)}`;
  }

  return value < 1e6 ? `${threeDigits(value / 1e3, false)}k` : `${threeDigits(value / 1e6, false)}M`;
}

/** Words for a camelCase state: "not found", "integrity failure". */
export function words(camelCase) {
  return String(camelCase ?? '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
}

/** Keeps numbers on one line with their units. */
export function holdTogether(text) {
  return text.replace(/(\d) (%|[kMGTP]?B\b|ms\b|s\b|min\b|h\b|d\b)/g, '$1\u00a0$2').replace(/(\S) ago\b/g, '$1\u00a0ago').replace(/\bid (\d)/g, 'id\u00a0$1');
}

function threeDigits(value, whole) {
  if (whole) {
    return `${Math.round(value)}`;
  }

  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits).replace(/\.0+$/, '');
}
