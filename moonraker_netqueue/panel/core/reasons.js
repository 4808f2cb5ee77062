// What holds a job, said once for all printers that it is the same on. Pure.

const SHOWN = 6; // names before "and n more"

/**
 * Rows of `why_not` in groups with the same words.
 * @param {any[]} rows
 * @param {(form: any, text: string, printer: string) => string} say without the printer, if it can
 * @returns {{key: string, printers: any[], text: string, remedy: string, code: string, named: boolean}[]}
 *   the largest first; `named`: the words name the printer themselves
 */
export function grouped(rows, say) {
  const groups = new Map();
  for (const row of rows) {
    const text = say(row.phrases.text, row.text, row.printer);
    const remedy = row.remedy ? say(row.phrases.remedy, row.remedy, row.printer) : '';
    const key = JSON.stringify([row.code, text, remedy]);
    const group = groups.get(key);
    if (!group) {
      const named = text.includes(row.printer);
      groups.set(key, { key, printers: [row], text, remedy, code: row.code, named });
    } else if (!group.printers.some((one) => one.printer_id === row.printer_id)) group.printers.push(row);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, named: group.named && group.printers.length === 1 }))
    .sort((a, b) => b.printers.length - a.printers.length);
}

/** Names as a person counts them up; `n`: how many are left out. */
export function namesOf(printers) {
  const names = printers.map((row) => row.printer).sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const left = names.length > SHOWN + 1 ? names.length - SHOWN : 0;
  return { names: names.slice(0, names.length - left).join(', '), n: left };
}
