using Microsoft.Extensions.Logging;

namespace PouringRain.Network;

/// <summary>How the client's sockets are set up.</summary>
public sealed record RainClientOptions
{
    /// <summary>Threads that decode, verify and keep blocks.</summary>
    public int WorkerCount { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Loops, each with a thread and a socket, among which the fetches are divided; at least 1.</summary>
    public int LoopCount { get; init; } = 1;

    /// <summary>Kernel receive buffer asked for, in bytes, of each socket.</summary>
    public int ReceiveBufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Where it logs what it meets; nowhere by default.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Faults to inject under the sockets, for tests; none by default.</summary>
    public DatagramFaults? Faults { get; init; }

    /// <summary>Secrets under which every datagram is sealed; what is not is dropped, and
    /// format 1 is not spoken. None by default.</summary>
    public SealSettings? Seal { get; init; }
}
