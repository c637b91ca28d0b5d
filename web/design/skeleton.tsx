/** The outline of a page that is on its way. */
export function PageSkeleton() {
  return (
    <div className="stack" aria-busy="true" aria-label="Loading" role="status">
      {[0, 1, 2, 3].map((line) => (
        <div className="skeleton skeleton-line" key={line} />
      ))}
    </div>
  );
}
