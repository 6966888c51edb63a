import ArgumentParser
import NoteModel
import NoteStore

extension DigestAlgorithm: ExpressibleByArgument {}
extension SecretsPolicy: ExpressibleByArgument {}
