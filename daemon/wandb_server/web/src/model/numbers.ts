/** How numbers, sizes and times are written: short on the screen, exact on hover and in copies. */

const THIN = "\u2009";
const PREFIXES = ["", "k", "M", "G", "T"] as const;

/** Four significant digits, thin grouping: 0.9312, 12 340, 1.234e-7, NaN, ∞. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return tidyExponent(value.toExponential(3));
  if (Number.isInteger(value) || size >= 1e4) return grouped(Math.round(value));
  return minus(String(Number(value.toPrecision(4))));
}

/** Every digit, as it can be pasted into code. */
export function exact(value: number): string {
  return String(value);
}

/** An integer with thin spaces between thousands. */
export function grouped(value: number): string {
  const digits = Math.abs(value).toFixed(0);
  return (value < 0 ? "−" : "") + digits.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** A tick of an axis, as short as the distance to the next tick allows: 1.5k, 0.002, 1e-7. */
export function tick(value: number, increment: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-4 && increment < 1e-4)) return tidyExponent(value.toExponential(2));
  if (size >= 1000) {
    const power = Math.min(4, Math.floor(Math.log10(size) / 3));
    const unit = 1000 ** power;
    return minus(trimmed(value / unit, increment / unit)) + (PREFIXES[power] ?? "");
  }
  return minus(trimmed(value, increment));
}

function trimmed(value: number, increment: number): string {
  const decimals = decimalsOf(increment);
  const text = value.toFixed(decimals);
  return decimals > 0 ? text.replace(/\.?0+$/, "") : text;
}

/** How many decimals a multiple of `increment` may need: 0 for 5, 1 for 2.5, 3 for 0.025. */
function decimalsOf(increment: number): number {
  for (let decimals = 0; decimals < 8; decimals += 1) {
    const scaled = Math.abs(increment) * 10 ** decimals;
    if (scaled >= 1 - 1e-6 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return decimals;
  }
  return 8;
}

function tidyExponent(text: string): string {
  return minus(text.replace(/\.?0+e/, "e").replace("e+", "e"));
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}

/** 12 B, 3.4 kB, 1.2 GB (powers of 1000). */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const power = Math.min(4, Math.floor(Math.log10(count) / 3));
  return `${Number((count / 1000 ** power).toPrecision(3))} ${PREFIXES[power] ?? ""}B`;
}

/** A duration in seconds: 0.4 s, 42 s, 3 m 20 s, 2 h 05 m, 3 d 4 h. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 10) return `${Number(seconds.toFixed(seconds < 1 ? 2 : 1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "m", whole % 60, "s");
  if (whole < 86400) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "m");
  return pair(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** A tick of a relative-time axis: 30s, 2m, 1.5h, 2d. */
export function durationTick(seconds: number): string {
  const size = Math.abs(seconds);
  const [unit, name] = size < 60 ? [1, "s"] : size < 3600 ? [60, "m"] : size < 172800 ? [3600, "h"] : [86400, "d"];
  return minus(String(Number((seconds / unit).toFixed(2)))) + name;
}

/** A tick of a wall-time axis: 23:05, 23:05:30 when ticks are close, Nov 21 at midnight and when they are days apart. */
export function clockTick(seconds: number, increment: number): string {
  const date = new Date(seconds * 1000);
  const midnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
  if (increment >= 86_400 || midnight) return date.toLocaleDateString(undefined, { month: "short", day: "numeric" });
  const parts = [date.getHours(), date.getMinutes(), ...(increment < 60 ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** Time since, in words that do not jump: now, 3 min ago, 2 h ago, 5 d ago, else the date. */
export function since(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 30 * 86400) return `${Math.round(seconds / 86400)} d ago`;
  return new Date(then).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** Date and time with its zone named. */
export function moment(then: number): string {
  return new Date(then).toLocaleString(undefined, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
}

/** Wall time of a point on a chart. */
export function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString(undefined, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

/** The time of a console line (UTC without a zone, as clients write it) in the reader's zone, to the millisecond. */
export function lineTime(timestamp: string): string {
  const at = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(timestamp) ? timestamp : `${timestamp}Z`);
  if (Number.isNaN(at.getTime())) return timestamp;
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return `${day} ${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
