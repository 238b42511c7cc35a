using System.Buffers;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>The keys of one cluster. Those of turns come after all others, so that one range has everything else.</summary>
/// <param name="cluster">The cluster's name.</param>
internal sealed class EtcdKeys(string cluster)
{
    private const int NameLengthMax = 64;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    /// <summary>Everything of the cluster is below.</summary>
    public string Root { get; } = $"/pouring-rain/{cluster}/";

    /// <summary>Documents of jobs, below their kinds.</summary>
    public string Jobs => $"{Root}jobs/";

    /// <summary>What every node that ever was said of itself last; kept.</summary>
    public string Members => $"{Root}members/";

    /// <summary>What the nodes that are there say of themselves; each ends with its node's lease.</summary>
    public string Nodes => $"{Root}nodes/";

    /// <summary>Who runs each job; each ends with a lease.</summary>
    public string Runners => $"{Root}runners/";

    /// <summary>Who has the turn of each key and who waits for it; each ends with a lease.</summary>
    public string Turns => $"{Root}turns/";

    /// <summary>The key after the last of a folder, which ends in a slash.</summary>
    public static string EndOf(string folder) => $"{folder[..^1]}0";

    /// <summary>A node's key.</summary>
    public string NodeOf(NodeId id) => $"{Nodes}{id}";

    /// <summary>A node's lasting key.</summary>
    public string MemberOf(NodeId id) => $"{Members}{id}";

    /// <summary>A job's key.</summary>
    public string JobOf(string kind, string id) => $"{Jobs}{Checked(kind)}/{Checked(id)}";

    /// <summary>The key of a job's runner.</summary>
    public string RunnerOf(string kind, string id) => $"{Runners}{Checked(kind)}/{Checked(id)}";

    /// <summary>The folder of those who have the turn of a key or wait for it.</summary>
    public string TurnsOf(string key) => $"{Turns}{Checked(key)}/";

    /// <summary>Whether a text can be part of a key.</summary>
    public static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= NameLengthMax && !text.ContainsAnyExcept(NameCharacters);

    /// <summary>A text that can be part of a key.</summary>
    public static string Checked(string name) => IsName(name) ? name
        : throw new ArgumentException($"\"{name}\" is no name of 1 to {NameLengthMax} letters, digits, -, _ and .", nameof(name));
}
