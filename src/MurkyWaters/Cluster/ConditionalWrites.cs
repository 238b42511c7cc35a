using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>
/// Lets writes of a resource that have conditions through one at a time over all nodes:
/// 1. the resource's turn at this node, and a first look: who has lost by then needs no turn to know it, and of a crowd most have;
/// 2. the resource's turn over all nodes, which the registry gives;
/// 3. the newest version that the nodes that answer know of, most of the holders among them, and its manifest, which is brought here
/// when it is not here yet;
/// 4. the commit, which compares with that one (<see cref="ConditionalWrite.NewestOf"/>);
/// 5. the end of the turn, once most of the holders know of what was made.
/// So whoever has the next turn asks somebody who knows. Thread-safe.
/// </summary>
internal sealed class ConditionalWrites
{
    /// <summary>Finds the newest version that the nodes that answer know of, holders or not.</summary>
    public delegate Task<SurveyResult> Surveyor(ResourceId id, CancellationToken cancellationToken);

    /// <summary>Finds the manifest of the newest version that the other nodes have; null when it cannot be had.</summary>
    public delegate Task<Manifest?> Looker(ResourceId id, CancellationToken cancellationToken);

    /// <summary>How long a request waits for others that write the same resource.</summary>
    public static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(30);

    private const int LooksMax = 7;

    private static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettlePauseMin = TimeSpan.FromMilliseconds(2), SettlePauseMax = TimeSpan.FromMilliseconds(200);

    private readonly KeyedGates<ResourceId> _gates = new();
    private readonly IClusterRegistry _registry;
    private readonly Surveyor _survey;
    private readonly Looker _look;
    private readonly Func<ResourceId, Manifest?> _find;
    private readonly TimeProvider _time;

    /// <summary>Half of the pause after the first look that found too little, which is doubled each time.</summary>
    public TimeSpan LookPause { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Makes it.</summary>
    /// <param name="registry">Gives turns.</param>
    /// <param name="survey">Asks the others.</param>
    /// <param name="look">Brings a manifest here.</param>
    /// <param name="find">The newest version that is here, or its tombstone; null when there is none.</param>
    /// <param name="time">The time.</param>
    public ConditionalWrites(
        IClusterRegistry registry, Surveyor survey, Looker look, Func<ResourceId, Manifest?> find, TimeProvider time)
    {
        (_registry, _survey, _look, _find, _time) = (registry, survey, look, find, time);
    }

    /// <summary>Says early what <see cref="EnterAsync"/> would say.</summary>
    /// <exception cref="ClusterUnavailableException">The registry is away.</exception>
    public void ThrowIfAway()
    {
        if (_registry.Status is { IsConnected: false } status)
        {
            throw new ClusterUnavailableException(
                $"The cluster's registry does not answer: {status.Trouble ?? "it has not been reached yet"}.");
        }
    }

    /// <summary>Waits for a resource's turn, and learns what there is of it.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="permit">The conditions: whether they hold for a version, null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ClusterUnavailableException">The registry is away, too few holders answer, the newest version cannot be had, or
    /// others have the turn all the time.</exception>
    public async Task<ConditionalWrite> EnterAsync(ResourceId id, Func<Manifest?, bool> permit, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        var startedAt = _time.GetTimestamp();
        var here = await EnterHereAsync(id, cancellationToken);
        IClusterTurn? turn = null;
        try
        {
            var newest = await FindNewestAsync(id, cancellationToken);
            if (!permit(newest.Manifest))
            {
                return new ConditionalWrite(this, null, here, id, newest);
            }

            var left = PatienceMax - _time.GetElapsedTime(startedAt);
            turn = left <= TimeSpan.Zero ? null : await _registry.TryLockAsync($"write-{id}", left, cancellationToken);
            return turn is null ? throw Busy(id)
                : new ConditionalWrite(this, turn, here, id, await FindNewestAsync(id, cancellationToken));
        }
        catch
        {
            await (turn?.DisposeAsync() ?? ValueTask.CompletedTask);
            here.Dispose();
            throw;
        }
    }

    /// <summary>The newest version there is.</summary>
    /// <exception cref="ClusterUnavailableException">Too few holders answer, or its manifest cannot be had.</exception>
    public async Task<NewestVersion> FindNewestAsync(ResourceId id, CancellationToken cancellationToken)
    {
        for (var looks = 1; ; looks++)
        {
            var (newest, trouble) = await LookAsync(id, cancellationToken);
            if (trouble is null)
            {
                return newest;
            }

            // Nodes that have just started do not know each other yet, and a version may be told of before it is rained.
            if (looks == LooksMax)
            {
                throw new ClusterUnavailableException(trouble);
            }

            await Task.Delay(LookPause * (1 << looks), _time, cancellationToken);
        }
    }

    /// <summary>Waits until most holders know of a version, so that whoever asks most of them next is told of it. It has been stored
    /// whatever comes of the waiting, so there is nothing that could be said against it.</summary>
    internal async Task SettleAsync(IClusterTurn turn, ResourceId id, ReplicaVersion made)
    {
        var startedAt = _time.GetTimestamp();
        for (var pause = SettlePauseMin; turn.IsHeld && _time.GetElapsedTime(startedAt) < SettleMax;)
        {
            var survey = await _survey(id, CancellationToken.None);
            if (survey.Newest >= made && IsMost(survey.HoldersKnowing, survey.Holders))
            {
                return;
            }

            await Task.Delay(pause, _time);
            pause = pause * 2 < SettlePauseMax ? pause * 2 : SettlePauseMax;
        }
    }

    /// <summary>The newest version, or why it cannot be known just now.</summary>
    private async Task<(NewestVersion Newest, string? Trouble)> LookAsync(ResourceId id, CancellationToken cancellationToken)
    {
        var survey = await _survey(id, cancellationToken);
        if (!IsMost(survey.HoldersAnswered, survey.Holders))
        {
            return (default, $"{survey.HoldersAnswered} of the {survey.Holders} nodes that are to keep resource {id} answer: "
                + "which version of it is the newest cannot be known.");
        }

        // Between the question and now it may have become newer here.
        var here = NewestVersion.Of(_find(id));
        if (here.Version >= survey.Newest)
        {
            return (here, null);
        }

        if (survey.Newest.IsDeleted)
        {
            return (new NewestVersion(survey.Newest, null), null);
        }

        var there = NewestVersion.Of(await _look(id, cancellationToken));
        return there.Version >= survey.Newest
            ? (there, null)
            : (default, $"A newer version of resource {id} is known than the nodes that answer have.");
    }

    private static ClusterUnavailableException Busy(ResourceId id) => new(
        $"Others have been writing resource {id} for {PatienceMax.TotalSeconds:F0} seconds, and this request has had no turn.");

    private async Task<KeyedGates<ResourceId>.Turn> EnterHereAsync(ResourceId id, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(PatienceMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await _gates.EnterAsync(id, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Busy(id);
        }
    }

    /// <summary>Any two such numbers of holders have one in common.</summary>
    private static bool IsMost(int count, int holders) => holders > 0 && 2 * count > holders;
}
