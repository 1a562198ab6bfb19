// A box beside the point under the pointer. The keyboard opens the details instead, so assistive technology ignores it.

const TIP_GAP = 12;

class Tip {
  constructor(place) {
    this.place = place;
  }

  // `box` is that of the point on the screen.
  show(entry, state, box) {
    this.place.replaceChildren(
      element("strong", {}, DATA.cells[entry.cell].label),
      element("div", {}, `${percent(entry.accuracy)}, 95 % interval ${interval(entry.accuracy_low, entry.accuracy_high, percent)}`),
      element("div", {}, `${costTitle(state)}: ${amount(entry.cost)}`),
    );
    this.place.hidden = false;
    const { width, height } = this.place.getBoundingClientRect();
    const right = document.documentElement.clientWidth - width - 4;
    const left = Math.min(right, Math.max(4, (box.left + box.right - width) / 2));
    // above the point, or below if there is no room
    const top = box.top - height - TIP_GAP < 4 ? box.bottom + TIP_GAP : box.top - height - TIP_GAP;
    Object.assign(this.place.style, { left: `${left}px`, top: `${top}px` });
  }

  hide() {
    this.place.hidden = true;
  }
}
