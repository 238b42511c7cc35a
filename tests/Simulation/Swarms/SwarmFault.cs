namespace Simulation.Swarms;

/// <summary>A mistake that is made on purpose, to see that it is found.</summary>
public enum SwarmFault
{
    /// <summary>None.</summary>
    None,

    /// <summary>A node that holds some blocks claims one that it does not hold.</summary>
    ClaimsTooMuch,

    /// <summary>A node does not replace a neighbour that is dead.</summary>
    KeepsTheDead,
}
