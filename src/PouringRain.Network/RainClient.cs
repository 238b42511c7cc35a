using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>The fetching side on real sockets: every fetch and propagation of a process, one receive loop, decoding on worker
/// threads.</summary>
public sealed class RainClient : IAsyncDisposable
{
    /// <summary>Opens the sockets and starts the loop.</summary>
    public RainClient(RainClientOptions options) => throw new NotImplementedException();

    /// <summary>Starts a fetch.</summary>
    public FetchHandle StartFetch(FetchRequest request, FetchOptions options, IFetchSink sink) => throw new NotImplementedException();

    /// <summary>Asks a node to fetch a version and keep it, until it holds it (or has accepted it, when that is enough).</summary>
    public Task<PropagationState> PropagateAsync(
        ResourceId resource, Sha256Digest version, ushort rainPort, PeerAddress node, bool untilHeld, TimeSpan limit, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Fetches a resource whole from a server that speaks wire format 1 alone: at most
    /// <see cref="Protocol.Classic.ClassicFormat.LengthMax"/> bytes, unverified as that format is.</summary>
    /// <returns>The bytes, or <see langword="null"/> when the server was silent for <paramref name="silence"/> (1.0 s unless given) or
    /// sent nothing that could be decoded.</returns>
    public Task<byte[]?> FetchClassicAsync(ResourceId resource, PeerAddress server, TimeSpan? silence, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>Ends every fetch as cancelled, tells the servers, closes the sockets.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>How the client's sockets are set up.</summary>
public sealed record RainClientOptions
{
    /// <summary>Threads that decode, verify and keep blocks.</summary>
    public int WorkerCount { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>Kernel receive buffer asked for, in bytes.</summary>
    public int ReceiveBufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Where it logs what it meets; nowhere by default.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Faults to inject under the sockets, for tests; none by default.</summary>
    public DatagramFaults? Faults { get; init; }
}

/// <summary>A running fetch, as its owner sees it. Thread-safe.</summary>
public sealed class FetchHandle
{
    /// <summary>Ends when the fetch does, never in an exception.</summary>
    public Task<FetchEndReason> Completion => throw new NotImplementedException();

    /// <summary>Wants these bytes too; see <see cref="Fetch.Demand"/>.</summary>
    public void Demand(long offset, long length, bool urgent) => throw new NotImplementedException();

    /// <summary>Adds a server to ask.</summary>
    public void AddServer(PeerAddress server) => throw new NotImplementedException();

    /// <summary>Ends the fetch.</summary>
    public void Cancel() => throw new NotImplementedException();

    /// <summary>Its figures, at most a few tens of milliseconds old.</summary>
    public FetchSnapshot Snapshot => throw new NotImplementedException();
}

/// <summary>Faults put between the sockets and the state machines, in both directions: for tests of a bad network.</summary>
/// <param name="Loss">Probability that a datagram is dropped.</param>
/// <param name="Duplicate">Probability that it comes twice.</param>
/// <param name="Reorder">Probability that it is held back behind the next few.</param>
/// <param name="Seed">Seed of the choices.</param>
public sealed record DatagramFaults(double Loss, double Duplicate, double Reorder, ulong Seed);
