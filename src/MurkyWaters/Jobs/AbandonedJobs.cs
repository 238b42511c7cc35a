using System.Security.Cryptography;
using PouringRain.Protocol;

namespace MurkyWaters.Jobs;

/// <summary>Which of the jobs that nobody runs this node tries to take in hand: those that have been left for a while, and of the nodes a
/// few try at a time, lest a thousand do when one has died. Not thread-safe.</summary>
/// <param name="after">How long one that was made just now is left to its maker.</param>
internal sealed class AbandonedJobs(TimeSpan after)
{
    private readonly Dictionary<string, Instant> _since = [];

    /// <summary>Somebody runs it, or nobody has to.</summary>
    public void OnKept(string jobId) => _since.Remove(jobId);

    /// <summary>Nobody runs it.</summary>
    /// <returns>Whether to try now.</returns>
    public bool OnAbandoned(Instant now, string jobId, int nodeCount) =>
        !_since.TryAdd(jobId, now) && now - _since[jobId] >= after && RandomNumberGenerator.GetInt32(Math.Max(1, nodeCount / 4)) == 0;

    /// <summary>Forgets those that are no more.</summary>
    /// <param name="there">The jobs that there are.</param>
    public void Trim(IEnumerable<string> there)
    {
        foreach (var gone in _since.Keys.Except(there).ToArray())
        {
            _since.Remove(gone);
        }
    }
}
