// Simulated labs, for the command line: fleets of simulated hosts in processes of their own.
export { LIES, type Lie, type Misbehaviour, misbehaviourText } from "../../sim/manners.ts";
export { runFleetProcess } from "./process.ts";
export { SimulatedLab, type SimulatedLabOptions } from "./simulated-lab.ts";
export type { CommandAnswer, SimulatedGuestSpec, SimulatedGuestView, SimulatedHostView } from "./views.ts";
