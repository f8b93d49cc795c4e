import { Headway } from "./headway";

const made = new WeakMap<Headway, Headway>();

/** The same without sockets, for all on the page who want to poll. */
export function polling(headway: Headway): Headway {
  if (!headway.options.sockets) return headway;
  let one = made.get(headway);
  if (one === undefined) {
    one = new Headway({ ...headway.options, sockets: false });
    made.set(headway, one);
  }
  return one;
}
