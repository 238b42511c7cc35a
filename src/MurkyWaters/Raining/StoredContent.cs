using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A version that the store has whole, as the rain servers see it.</summary>
internal sealed class StoredContent : CompleteContent
{
    private readonly BlockChecks? _checks;

    public StoredContent(Manifest manifest, Blob? blob, BlockEncoders encoders, TimeProvider time, BlockChecks? checks = null)
        : base(manifest, blob, encoders, time, checks) => _checks = checks;

    /// <summary>Whether a rain server has asked for it.</summary>
    public bool IsRained { get; private set; }

    /// <summary>A rain server asks for it.</summary>
    public void NoteRain() => IsRained = true;

    /// <summary>Says when the file was last written; once a second while it rains.</summary>
    public void NoteWritten(long ticks) => _checks?.NoteWritten(ticks);
}
