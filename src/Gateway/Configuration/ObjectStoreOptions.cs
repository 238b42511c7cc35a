namespace Gateway.Configuration;

/// <summary>Section <c>Store:S3</c>.</summary>
internal sealed class ObjectStoreOptions(SettingsReader reader)
{
    /// <summary>Empty is none.</summary>
    public string Endpoint { get; } = reader.Read(
        "Store:S3:Endpoint", "", SettingForms.ServiceAddress,
        "S3-compatible object store into which what is kept is put, and that is asked for what no node has");

    public string Bucket { get; } = reader.Read("Store:S3:Bucket", "", SettingForms.Bucket, "the bucket there, which exists");

    /// <summary>Empty, or ends with a slash.</summary>
    public string Prefix { get; } = reader.Read(
        "Store:S3:Prefix", "", SettingForms.ObjectPrefix, "what the names of all objects begin with");

    public string AccessKey { get; } = reader.Read(
        "Store:S3:AccessKey", "", SettingForms.Word, "the key that may read, write, list and delete there",
        SettingTraits.Secret);

    public string SecretKey { get; } = reader.Read(
        "Store:S3:SecretKey", "", SettingForms.Word, "its secret", SettingTraits.Secret);

    public string Region { get; } = reader.Read("Store:S3:Region", "us-east-1", SettingForms.Word, "the region that signatures name");
}
