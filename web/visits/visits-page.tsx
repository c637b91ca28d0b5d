import { HealthCard } from './health-card.js';
import { VisitsCard } from './visits-card.js';
import './visits.css';

/** The public counter, and whether the service is well. */
export default function VisitsPage() {
  return (
    <div className="cards">
      <VisitsCard />
      <HealthCard />
    </div>
  );
}
