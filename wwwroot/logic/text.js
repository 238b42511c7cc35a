// A stranger's text, made safe to look at. Pure.

/**
 * What cannot be seen, or turns the writing of what follows: controls, bidirectional controls (U+202E shows "fdp.exe" as "exe.pdf"),
 * invisible spaces, separators, tags, unpaired surrogates. The joiners U+200C and U+200D stay: scripts and emoji need them.
 */
const unseen = /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\p{Cs}\u{e0000}-\u{e0fff}]/gu;

const isolates = '\u2068\u2069';
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The text with a mark in place of each character that cannot be seen: ⟨U+202E⟩. A sentence of the page's own keeps the isolates that
 * `isolate` has put around a name, whose own are marked by then.
 */
export function visible(text, isSentence = false) {
  return String(text ?? '').replace(unseen, (letter) => (isSentence && isolates.includes(letter) ? letter : mark(letter)));
}

/** A name for use in a sentence: visible, and one that is written from right to left does not turn the words around it. */
export function isolate(name) {
  const shown = visible(name);
  return rightToLeft.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** The text with `_` in place of each such character, for lines that a shell is to read. */
export function plain(text) {
  return String(text ?? '').replace(unseen, '_');
}

function mark(letter) {
  return `⟨U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
