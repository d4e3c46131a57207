// What differs between two runs of octets, aligned. Pure functions.

/** More differences than this are not aligned any more: it would take long, and tell nothing. */
const MAX_EDITS = 600;

/**
 * Aligns two arrays. The result is a list of `{same, a: [start, end], b: [start, end]}` in order,
 * the ends exclusive, which covers both wholly. Where a part is not the same, either side may be
 * empty: then the other has octets more.
 */
export function diff(a, b) {
  let front = 0;
  while (front < a.length && front < b.length && a[front] === b[front]) front += 1;
  let back = 0;
  const shorter = Math.min(a.length, b.length) - front;
  while (back < shorter && a[a.length - 1 - back] === b[b.length - 1 - back]) back += 1;
  const parts = [];
  push(parts, true, front, front);
  for (const { same, a: inA, b: inB } of middle(
    a.slice(front, a.length - back), b.slice(front, b.length - back))) push(parts, same, inA, inB);
  push(parts, true, back, back);
  return parts;
}

/** How many octets of either are not in the other. */
export function differences(parts) {
  return parts.filter((part) => !part.same)
    .reduce((sum, { a, b }) => sum + Math.max(a[1] - a[0], b[1] - b[0]), 0);
}

/** Adds a part of these lengths behind the others; neighbours of a kind become one. */
function push(parts, same, lengthA, lengthB) {
  if (lengthA === 0 && lengthB === 0) return;
  const last = parts.at(-1);
  const [startA, startB] = last ? [last.a[1], last.b[1]] : [0, 0];
  if (last && last.same === same) {
    last.a[1] += lengthA;
    last.b[1] += lengthB;
  } else {
    parts.push({ same, a: [startA, startA + lengthA], b: [startB, startB + lengthB] });
  }
}

/** The shortest edit script, as `{same, a, b}` with lengths; one block where that is too long. */
function middle(a, b) {
  const trace = a.length > 0 && b.length > 0 ? search(a, b) : null;
  return trace ? steps(trace, a.length, b.length) : [{ same: false, a: a.length, b: b.length }];
}

/** Myers, "An O(ND) difference algorithm" (1986): the furthest x on each diagonal, for each edit. */
function search(a, b) {
  const trace = [];
  const middleOf = MAX_EDITS + 1;
  const furthest = new Int32Array(2 * middleOf + 1);
  for (let edits = 0; edits <= MAX_EDITS; edits += 1) {
    trace.push(furthest.slice(middleOf - edits - 1, middleOf + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      let x = comesFromAbove(k, edits, (at) => furthest[middleOf + at])
        ? furthest[middleOf + k + 1] : furthest[middleOf + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest[middleOf + k] = x;
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}

/** Walks the trace backwards. */
function steps(trace, lengthA, lengthB) {
  const found = [];
  let [x, y] = [lengthA, lengthB];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const at = (k) => trace[edits][k + edits + 1];
    const above = comesFromAbove(x - y, edits, at);
    const before = above ? x - y + 1 : x - y - 1;
    const [fromX, fromY] = edits === 0 ? [0, 0] : [at(before), at(before) - before];
    const corner = edits === 0 ? 0 : Math.min(x - fromX, y - fromY);
    const same = edits === 0 ? x : corner;
    if (same > 0) found.push({ same: true, a: same, b: same });
    if (edits > 0) found.push({ same: false, a: above ? 0 : 1, b: above ? 1 : 0 });
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}

function comesFromAbove(k, edits, furthest) {
  return k === -edits || (k !== edits && furthest(k - 1) < furthest(k + 1));
}
