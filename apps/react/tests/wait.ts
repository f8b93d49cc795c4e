/** Wait until `found` is so; fails after 10 s. */
export async function until(found: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!found()) {
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await new Promise((passed) => setTimeout(passed, 5));
  }
}
