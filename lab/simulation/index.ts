// Simulated hosts as a library: many hosts in one process, reached over real SSH connections, and faults for them.
export { startSimulation, type SimulatedHostOptions, type Simulation, type SimulationOptions } from './simulation.js';
export { SimulatedHost, type PowerAction } from './host.js';
export type { SimulatedFaults } from './faults.js';
export type { ObservedBackend, ObservedMember, ObservedNode, ObservedToken, Observer } from './observer.js';
