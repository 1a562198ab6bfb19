// Number formats. Unknown values are null and shown as "unknown".

const UNKNOWN = "unknown";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function power(exponent) {
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPTS[digit]);
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

function amount(value) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  if (Math.abs(value) < 1e5 && Math.abs(value) >= 0.01) return Number(value.toPrecision(3)).toLocaleString("en-US");
  const [mantissa, exponent] = value.toExponential(2).split("e");
  return `${mantissa} × ${power(Number(exponent))}`;
}

function measured(value, unit) {
  return known(value) ? `${amount(value)} ${unit}` : UNKNOWN;
}

function percent(share) {
  return known(share) ? `${(100 * share).toFixed(1)} %` : UNKNOWN;
}

function signedPoints(share) {
  return known(share) ? `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)}`.replace("-", "−") : UNKNOWN;
}

function interval(low, high, format) {
  return known(low) && known(high) ? `${format(low)} to ${format(high)}` : UNKNOWN;
}

function chance(value) {
  if (!known(value)) return UNKNOWN;
  return value < 0.001 ? "below 0.001" : value.toPrecision(2);
}

function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// A manifest's time stamp in UTC.
function moment(text) {
  return text ? text.replace("T", " ").replace(/:\d\d\+00:00$/, " UTC") : UNKNOWN;
}

// The value of an input: 1e9, 250000.
function typed(value) {
  return value >= 1e6 ? value.toExponential().replace("+", "") : String(value);
}

function inSentence(title) {
  return title.charAt(0).toLowerCase() + title.slice(1);
}

function plural(count, word) {
  return `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
}

function listing(names) {
  return names.length > 4 ? `${names.slice(0, 4).join("; ")} and ${names.length - 4} more` : names.join("; ");
}
