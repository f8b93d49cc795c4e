/** Wait until `found` is so; fails after 15 s. */
export async function until(found: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!found()) {
    if (performance.now() > deadline) throw new Error(`not within 15 s: ${what}`);
    await new Promise((passed) => setTimeout(passed, 5));
  }
}
