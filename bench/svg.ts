/** The few shapes that the pictures of the benchmarks are drawn with. */

export const WIDTH = 860;
export const ROW_HEIGHT = 30;
export const PLOT = { left: 70, width: 740, height: 240 };
export const COLOURS = {
  ink: '#1f2328',
  faint: '#8b949e',
  good: '#1a7f64',
  bad: '#c4432b',
  pipe: '#8b949e',
  grid: '#d8dee4',
};
const LABEL_WIDTH = 300;
const BAR_WIDTH = 360;

export interface Bar {
  label: string;
  value: number;
  goal: number;
  unit: string;
}

export interface Series {
  colour: string;
  points: readonly { x: number; y: number }[];
}

export function drawDocument(height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`,
    ` font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('');
}

/** A value beside its goal, which it should not pass. */
export function drawBar({ label, value, goal, unit }: Bar, y: number): string[] {
  // The goal stands at two thirds, so that a miss has room to be seen.
  const goalX = LABEL_WIDTH + (BAR_WIDTH * 2) / 3;
  const width = Math.min(BAR_WIDTH, (value / goal) * ((BAR_WIDTH * 2) / 3));
  const colour = value <= goal ? COLOURS.good : COLOURS.bad;
  return [
    text(20, y + 16, label),
    `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="18" rx="2" fill="${colour}"/>`,
    `<line x1="${goalX}" y1="${y - 2}" x2="${goalX}" y2="${y + 26}" stroke="${COLOURS.ink}" stroke-width="1.5"/>`,
    text(LABEL_WIDTH + BAR_WIDTH + 20, y + 16, `${format(value)} ${unit} (goal ${format(goal)})`),
  ];
}

/** Values side by side, the longest bar for the greatest, with no goal to meet. */
export function drawComparison(
  rows: readonly { label: string; value: number; unit: string; colour?: string }[],
  top: number,
): string[] {
  const greatest = Math.max(...rows.map((row) => row.value));
  return rows.flatMap(({ label, value, unit, colour = COLOURS.good }, index) => {
    const y = top + index * ROW_HEIGHT;
    const width = (Math.max(0, value) / greatest) * BAR_WIDTH;
    return [
      text(20, y + 16, label),
      `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width.toFixed(1)}" height="18" rx="2" fill="${colour}"/>`,
      text(LABEL_WIDTH + BAR_WIDTH + 20, y + 16, `${format(value)} ${unit}`),
    ];
  });
}

/** Curves over the number of streams; what lies above `highest` is drawn at the edge. */
export function drawCurves(
  curves: readonly Series[],
  axis: { title: string; marks: readonly number[]; highest: number },
  top: number,
): string[] {
  const counts = curves.flatMap(({ points }) => points.map((point) => point.x));
  const most = Math.max(...counts);
  const x = (value: number): number => PLOT.left + (value / most) * PLOT.width;
  const y = (value: number): number =>
    top + 30 + PLOT.height * (1 - Math.min(value, axis.highest) / axis.highest);
  const parts = [text(20, top + 10, axis.title, { weight: 600 })];
  for (const mark of axis.marks) {
    parts.push(line(PLOT.left, y(mark), PLOT.left + PLOT.width, y(mark), COLOURS.grid));
    parts.push(text(PLOT.left - 10, y(mark) + 4, String(mark), { anchor: 'end', colour: COLOURS.faint }));
  }
  for (const { colour, points } of curves) {
    const sorted = [...points].sort((left, right) => left.x - right.x);
    const places = sorted.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`);
    parts.push(`<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`);
    for (const place of places) {
      const [cx, cy] = place.split(',');
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`);
    }
  }
  for (const count of new Set(counts))
    parts.push(
      text(x(count), top + PLOT.height + 50, String(count), { anchor: 'middle', colour: COLOURS.faint }),
    );
  return parts;
}

export function text(
  x: number,
  y: number,
  content: string,
  style: { size?: number; weight?: number; anchor?: string; colour?: string } = {},
): string {
  const { size = 13, weight = 400, anchor = 'start', colour = COLOURS.ink } = style;
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;
}

export function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value % 1 === 0 ? 0 : 1);
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1}" y1="${y1.toFixed(1)}" x2="${x2}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}
