using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Another node, where the cluster knows it to be.</summary>
/// <param name="Self">This node.</param>
/// <param name="Node">The other.</param>
/// <param name="Url">Where its gateway is.</param>
/// <param name="NowMs">The time by the cluster's clock, milliseconds of Unix time.</param>
public readonly record struct CodingPeer(NodeId Self, NodeId Node, Uri Url, long NowMs);

/// <summary>How nodes give each other programs and streams. Only members of the cluster are ever named.</summary>
public interface ICodingNetwork
{
    /// <summary>Has a node run a program under a name.</summary>
    /// <exception cref="IOException">It does not.</exception>
    Task BeginAsync(CodingPeer peer, string work, CodingProgram program, CancellationToken cancellation);

    /// <summary>Draws the stream of a program of another node, of so many bytes; it may be one that begins only now.</summary>
    /// <exception cref="IOException">There is none.</exception>
    Task<ICodingSource> OpenAsync(CodingPeer peer, string work, long length, CancellationToken cancellation);

    /// <summary>Sends a stream to another node, where a program reads it under a name.</summary>
    /// <exception cref="IOException">It does not take it.</exception>
    Task<ICodingSink> CreateAsync(CodingPeer peer, string work, long length, CancellationToken cancellation);

    /// <summary>Has a node end a program; one that has ended is fine.</summary>
    /// <exception cref="IOException">It does not answer.</exception>
    Task StopAsync(CodingPeer peer, string work, CancellationToken cancellation);
}
