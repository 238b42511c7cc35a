namespace Simulation.Swarms;

/// <summary>What is the matter with the last node of a <see cref="SwarmScenario"/>. What it costs the others is measured.</summary>
public enum SwarmHarm
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It claims every block and rains wrong bytes for it.</summary>
    WrongBytes,

    /// <summary>It claims every block and sends none.</summary>
    SendsNothing,

    /// <summary>It is killed when half of the time is over that the size takes.</summary>
    Killed,

    /// <summary>Its link is ten times slower.</summary>
    Slow,

    /// <summary>Every fifth datagram that it sends or is sent gets lost.</summary>
    Lossy,

    /// <summary>It begins when nine tenths of that time are over.</summary>
    Late,

    /// <summary>Its link swallows large datagrams.</summary>
    Narrow,
}
