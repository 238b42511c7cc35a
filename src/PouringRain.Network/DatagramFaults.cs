namespace PouringRain.Network;

/// <summary>Faults put between the sockets and the state machines, in both directions: for tests of a bad network.</summary>
/// <param name="Loss">Probability that a datagram is dropped.</param>
/// <param name="Duplicate">Probability that it comes twice.</param>
/// <param name="Reorder">Probability that it is held back behind the next few.</param>
/// <param name="Seed">Seed of the choices.</param>
public sealed record DatagramFaults(double Loss, double Duplicate, double Reorder, ulong Seed);
