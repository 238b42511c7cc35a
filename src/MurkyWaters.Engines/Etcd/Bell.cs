using System.Threading.Channels;

namespace MurkyWaters.Engines.Etcd;

/// <summary>Wakes one who waits; rung many times meanwhile, it wakes once. Thread-safe.</summary>
internal sealed class Bell
{
    private readonly Channel<bool> _rung = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Rings it.</summary>
    public void Ring() => _rung.Writer.TryWrite(true);

    /// <summary>Waits until it is rung, or has been since the last time.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _rung.Reader.ReadAsync(cancellationToken);
}
