// @ts-check
/** The worst mistakes as pictures, texts or numbers. */
import { button, clear, h } from "board/dom.js";
import { count, number, percent } from "board/format.js";

const SAFE_PICTURE = /^data:image\/(png|jpeg|webp);base64,/;

/**
 * @param {HTMLElement} element
 * @param {any} answer of /api/predictions
 */
export function gallery(element, { mistakes, classes }) {
  /** @param {{target: number, prediction: number}|null} pair */
  function filter(pair) {
    const shown = pair
      ? mistakes.filter((/** @type {any} */ { target, prediction }) => target === pair.target && prediction === pair.prediction)
      : mistakes;
    clear(element, pair ? filterLine(pair, shown.length) : null,
      shown.length ? h("ul.mistakes", null, shown.map((/** @type {any} */ mistake) => item(mistake, classes)))
        : h("p.muted", null, pair ? "None of them is among the worst mistakes that were kept." : "There is no mistake."));
  }
  /** @param {{target: number, prediction: number}} pair @param {number} amount */
  function filterLine({ target, prediction }, amount) {
    return h("p.row", null, `${count(amount)} shown: ${named(target, classes)} taken for ${named(prediction, classes)}`,
      button("Show all", () => filter(null)));
  }
  filter(null);
  return { filter };
}

/** @param {any} mistake @param {string[]} classes */
function item({ index, target, prediction, confidence, loss, image, text }, classes) {
  const isRight = String(target) === String(prediction);
  const title = `Sample ${count(index)}: ${named(target, classes)}${isRight ? "" : `, taken for ${named(prediction, classes)}`}`;
  return h("li.mistake", null,
    picture(image, title),
    text ? h("p.mistake-text", null, h("bdi", null, text)) : null,
    h("dl", null,
      line("said", isRight ? "is" : "said", named(prediction, classes), confidence),
      isRight ? null : line("is", "is", named(target, classes), null)),
    h("p.muted.small", null, `sample ${count(index)}, loss ${number(loss, 3)}`));
}

/** @param {string} label @param {string} look @param {string} text @param {number|null} confidence */
function line(label, look, text, confidence) {
  const sure = confidence === null || confidence === undefined ? null : h("span.muted", null, ` ${percent(confidence, 0)}`);
  return h("div", { class: look }, h("dt", null, label), h("dd", { title: text }, h("bdi", null, text), sure));
}

/** @param {string|null} image @param {string} title */
function picture(image, title) {
  if (!image || !SAFE_PICTURE.test(image)) return null;
  const element = /** @type {HTMLImageElement} */ (h("img", { src: image, alt: title, loading: "lazy" }));
  element.addEventListener("load", () => element.classList.toggle("tiny", element.naturalWidth <= 64));
  return element;
}

/**
 * Return classes or numbers as words: one, or a list where a sample has several.
 * @param {any} value
 * @param {string[]} classes
 * @returns {string}
 */
function named(value, classes) {
  if (Array.isArray(value)) return value.map((each) => named(each, classes)).join(", ") || "none";
  return Number.isInteger(value) && classes?.[value] !== undefined ? String(classes[value]) : number(value, 4);
}
