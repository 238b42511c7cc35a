using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>What a resource is; null for none.</summary>
internal sealed record Value(int Content, string Type, Retention Retention);

/// <summary>
/// What a store has promised, and no more: what was answered is there, or something newer; of what was refused, or is not answered yet,
/// either the old or the new. Thread-safe.
/// </summary>
internal sealed class StoreModel
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, List<Write>> _writes = [];
    private readonly Dictionary<int, Value?> _seen = [];
    private readonly List<UploadState> _uploads = [];
    private readonly List<FetchState> _fetches = [];
    private readonly HashSet<int> _rotten = [];
    private long _time;

    public StoreModel()
    {
        for (var id = 1; id <= Schedule.IdCount; id++)
        {
            _writes[id] = [new Write(id, null) { End = 0, IsAnswered = true }];
        }
    }

    /// <summary>A change of a resource begins.</summary>
    public Write Begin(int id, Value? value)
    {
        lock (_gate)
        {
            var write = new Write(id, value) { Start = ++_time };
            _writes[id].Add(write);
            _seen.Remove(id);
            return write;
        }
    }

    public void Answer(Write write) => End(write, isAnswered: true);

    public void Refuse(Write write) => End(write, isAnswered: false);

    /// <summary>It has changed nothing.</summary>
    public void Withdraw(Write write)
    {
        lock (_gate)
        {
            _writes[write.Id].Remove(write);
        }
    }

    /// <summary>What a resource may be.</summary>
    public IReadOnlyList<Value?> Allowed(int id)
    {
        lock (_gate)
        {
            return AllowedLocked(id);
        }
    }

    /// <summary>The running store has shown what a resource is, and nobody is changing it: so will the next process.</summary>
    public void See(int id, Value? value)
    {
        lock (_gate)
        {
            _seen[id] = value;
        }
    }

    /// <summary>The bytes of a resource went bad: it may come to be missing, and something of it to be set aside.</summary>
    public void Rot(int id)
    {
        lock (_gate)
        {
            _rotten.Add(id);
        }
    }

    public void Add(UploadState upload)
    {
        lock (_gate)
        {
            _uploads.Add(upload);
        }
    }

    public void Add(FetchState fetch)
    {
        lock (_gate)
        {
            _fetches.Add(fetch);
        }
    }

    /// <summary>Any fetch that nobody is at may go.</summary>
    public void NoteEvicting()
    {
        lock (_gate)
        {
            _fetches.ForEach(fetch => fetch.MayBeGone = true);
        }
    }

    /// <summary>Changes what is known of an upload or a fetch.</summary>
    public void Note(Action change)
    {
        lock (_gate)
        {
            change();
        }
    }

    /// <summary>What is promised now.</summary>
    public ModelImage Copy()
    {
        lock (_gate)
        {
            return new ModelImage(
                _writes.Keys.ToDictionary(id => id, AllowedLocked),
                new Dictionary<int, Value?>(_seen),
                [.. _uploads.Select(upload => upload with { })],
                [.. _fetches.Select(fetch => fetch with { Written = [.. fetch.Written] })],
                _rotten.ToHashSet());
        }
    }

    private IReadOnlyList<Value?> AllowedLocked(int id)
    {
        var writes = _writes[id];
        var latest = writes.Where(write => write.IsAnswered).Max(write => write.Start);
        return [.. writes.Where(write => write.End >= latest).Select(write => write.Value)];
    }

    private void End(Write write, bool isAnswered)
    {
        lock (_gate)
        {
            write.End = ++_time;
            write.IsAnswered = isAnswered;
        }
    }
}

/// <summary>A change of a resource: from when to when it was under way, and what became of it.</summary>
internal sealed class Write(int id, Value? value)
{
    public int Id => id;

    public Value? Value => value;

    public long Start { get; init; }

    public long End { get; set; } = long.MaxValue;

    public bool IsAnswered { get; set; }
}

/// <summary>An upload in several requests.</summary>
internal sealed record UploadState(string Token, int Id, int Content)
{
    /// <summary>How much of it was answered as kept.</summary>
    public long Offset { get; set; }

    /// <summary>How much the running process says is there.</summary>
    public long Told { get; set; }

    public bool IsComplete { get; set; }

    /// <summary>Whether it is being made a resource, cancelled or begun, or that has failed: then it may be there or not.</summary>
    public bool IsEnding { get; set; }

    public bool IsGone { get; set; }
}

/// <summary>A fetch.</summary>
internal sealed record FetchState(int Id, Manifest Manifest, int Content)
{
    /// <summary>The blocks that were written.</summary>
    public List<int> Written { get; init; } = [];

    /// <summary>Whether it need not be there.</summary>
    public bool MayBeGone { get; set; }
}

/// <summary>What was promised at one moment.</summary>
internal sealed record ModelImage(
    IReadOnlyDictionary<int, IReadOnlyList<Value?>> Allowed,
    IReadOnlyDictionary<int, Value?> Seen,
    IReadOnlyList<UploadState> Uploads,
    IReadOnlyList<FetchState> Fetches,
    IReadOnlySet<int> Rotten);
