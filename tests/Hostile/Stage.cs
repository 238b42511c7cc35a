using System.Globalization;
using Benchmarks.Processes;
using Hostile.Machine;

namespace Hostile;

/// <summary>Where one attack takes place: its folder, its processes, its rows. What it started ends with it, the last first.</summary>
internal sealed class Stage(string attack, Options options, Table table, CancellationToken cancellation) : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Stack<IAsyncDisposable> _things = [];

    /// <summary>Ends everything.</summary>
    public CancellationToken Cancellation => cancellation;

    public Options Options => options;

    /// <summary>A path in the folder of this attack.</summary>
    public string PathOf(string name) => _folder[name];

    /// <summary>Adds a row.</summary>
    public void Row(string what, string figure, string bound, bool? held) => table.Add(attack, what, figure, bound, held);

    /// <summary>Adds a row whose figure has numbers.</summary>
    public void Row(string what, FormattableString figure, string bound, bool? held) =>
        Row(what, figure.ToString(CultureInfo.InvariantCulture), bound, held);

    /// <summary>Has something end with the stage.</summary>
    public T Keep<T>(T thing)
        where T : IAsyncDisposable
    {
        _things.Push(thing);
        return thing;
    }

    /// <summary>Starts a gateway and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It does not get ready.</exception>
    public async Task<Victim> StartAsync(VictimSetup setup)
    {
        var victim = Keep(new Victim(setup, options, PathOf(setup.Name)));
        await victim.StartAsync(cancellation);
        return victim;
    }

    /// <summary>A small file system of its own, in memory.</summary>
    /// <exception cref="CannotAttackException">This user may not mount.</exception>
    public async Task<SmallDisk> MountAsync(string name, long bytes) =>
        Keep(await SmallDisk.MountAsync(PathOf(name), bytes, cancellation));

    public async ValueTask DisposeAsync()
    {
        while (_things.TryPop(out var thing))
        {
            await thing.DisposeAsync();
        }

        _folder.Dispose();
    }
}
