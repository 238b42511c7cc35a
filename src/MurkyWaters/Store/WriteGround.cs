using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What a version that is to be made finds at its id; under the id's gate.</summary>
/// <param name="Entry">What is here with its bytes, or as a tombstone; null for neither.</param>
/// <param name="Known">What is known here, also of what is in pieces.</param>
/// <param name="Newest">What would be replaced, here or elsewhere; null for nothing.</param>
internal readonly record struct WriteGround(StoreEntry? Entry, StoredResource? Known, StoredResource? Newest)
{
    /// <summary>What is known here and not deleted.</summary>
    public StoredResource? Current => Known is { Manifest.IsDeleted: false } ? Known : null;

    /// <summary>Looks.</summary>
    /// <param name="store">Where.</param>
    /// <param name="id">The id.</param>
    /// <param name="write">Where the conditions are decided for the whole cluster; null when here.</param>
    public static WriteGround Of(ResourceStore store, ResourceId id, ConditionalWrite? write)
    {
        var entry = store.FindEntry(id);
        var known = entry?.Resource ?? store.FindInPieces(id)?.Resource;
        var here = new WriteGround(entry, known, null);
        return here with { Newest = write is null ? here.Current : write.NewestOf(known) };
    }

    /// <summary>Whether it may not be made, and why.</summary>
    /// <param name="write">As of <see cref="Of"/>.</param>
    /// <param name="precondition">What the newest has to be; null for anything.</param>
    /// <param name="path">The name that it is to have; null for none.</param>
    /// <returns>Null when it may.</returns>
    public UploadResult? Refuse(ConditionalWrite? write, Func<StoredResource?, bool>? precondition, string? path) =>
        write is { IsRefused: true } || precondition?.Invoke(Newest) == false
            ? new UploadResult(UploadOutcome.PreconditionFailed, Newest)
            : path is not null && Newest?.Manifest.Path is { } other && other != path ? new UploadResult(UploadOutcome.NameTaken, Newest)
            : null;
}
