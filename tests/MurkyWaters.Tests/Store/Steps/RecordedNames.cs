namespace MurkyWaters.Tests.Store.Steps;

/// <summary>The names of files as the running system has them, and as the disk has them for sure: what was given, changed and taken away
/// and not waited for, folder by folder, the disk may have taken or not. As file systems with a journal have it, a folder's changes are
/// taken in their order, and a rename whole; two folders' changes in any order.</summary>
internal sealed class RecordedNames
{
    private readonly Dictionary<string, RecordedFile> _durable;
    private readonly List<NameChange> _changes = [];

    public RecordedNames()
    {
        (Now, _durable) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal));
    }

    private RecordedNames(RecordedNames other)
    {
        var copies = new Dictionary<RecordedFile, RecordedFile>();
        Now = other.Now.ToDictionary(pair => pair.Key, pair => CopyOf(pair.Value), StringComparer.Ordinal);
        _durable = other._durable.ToDictionary(pair => pair.Key, pair => CopyOf(pair.Value), StringComparer.Ordinal);
        _changes.AddRange(other._changes.Select(change => change with { File = change.File is { } file ? CopyOf(file) : null }));

        RecordedFile CopyOf(RecordedFile file) => copies.TryGetValue(file, out var copy) ? copy : copies[file] = file.Copy();
    }

    /// <summary>As the running system has them.</summary>
    public Dictionary<string, RecordedFile> Now { get; }

    public RecordedNames Copy() => new(this);

    public void Give(string path, RecordedFile file) => Change(new NameChange(null, path, file));

    public void Take(string path)
    {
        if (Now.ContainsKey(path))
        {
            Change(new NameChange(path, null, null));
        }
    }

    public void Move(string from, string to) => Change(new NameChange(from, to, Now[from]));

    /// <summary>A wait for a folder that succeeds.</summary>
    public void Flush(string folder)
    {
        var taken = Closed(change => change.Touches(folder));
        for (var i = 0; i < taken.Length; i++)
        {
            if (taken[i])
            {
                _changes[i].Apply(_durable);
            }
        }

        var left = _changes.Where((_, i) => !taken[i]).ToList();
        _changes.Clear();
        _changes.AddRange(left);
    }

    /// <summary>What a machine that stops leaves.</summary>
    public Dictionary<string, RecordedFile> Survive(Random random)
    {
        var mode = random.Next(4);
        var cut = random.Next(_changes.Count + 1);
        var cuts = new Dictionary<string, int>(StringComparer.Ordinal);
        var order = 0;
        var survivors = Closed(change =>
        {
            var i = order++;
            return mode switch { 0 => false, 1 => true, 2 => i < cut, _ => change.Folders.Any(folder => i < CutOf(folder)) };
        });
        var names = new Dictionary<string, RecordedFile>(_durable, StringComparer.Ordinal);
        for (var i = 0; i < survivors.Length; i++)
        {
            if (survivors[i])
            {
                _changes[i].Apply(names);
            }
        }

        return names;

        int CutOf(string folder) => cuts.TryGetValue(folder, out var at) ? at : cuts[folder] = random.Next(_changes.Count + 1);
    }

    /// <summary>Those that are chosen, and those before them in the same folders.</summary>
    private bool[] Closed(Func<NameChange, bool> isChosen)
    {
        var chosen = _changes.Select(isChosen).ToArray();
        for (var i = chosen.Length - 1; i >= 0; i--)
        {
            for (var j = 0; chosen[i] && j < i; j++)
            {
                chosen[j] |= _changes[j].Folders.Intersect(_changes[i].Folders).Any();
            }
        }

        return chosen;
    }

    private void Change(NameChange change)
    {
        _changes.Add(change);
        change.Apply(Now);
    }

    private sealed record NameChange(string? From, string? To, RecordedFile? File)
    {
        public IEnumerable<string> Names => new[] { From, To }.OfType<string>();

        public IEnumerable<string> Folders => Names.Select(name => Path.GetDirectoryName(name)!).Distinct();

        public bool Touches(string folder) => Folders.Contains(folder);

        public void Apply(Dictionary<string, RecordedFile> names)
        {
            if (From is not null)
            {
                names.Remove(From);
            }

            if (To is not null)
            {
                names[To] = File!;
            }
        }
    }
}
